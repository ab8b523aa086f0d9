/** A failed request: an RFC 9457 problem document, or what stands in for one when no answer came. */
export class Problem extends Error {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly hint: string | null;
  readonly id: string | null;
  readonly retryAfterS: number | null;

  constructor(fields: Record<string, unknown>) {
    const title = text(fields.title) ?? 'Request failed';
    super(title);
    this.title = title;
    this.status = number(fields.status) ?? 0;
    this.code = text(fields.code) ?? 'unknown';
    this.detail = text(fields.detail) ?? '';
    this.line = number(fields.line);
    this.column = number(fields.column);
    this.hint = text(fields.hint);
    this.id = text(fields.id);
    this.retryAfterS = number(fields.retry_after);
  }

  /** The server could not be reached at all. */
  get unreachable(): boolean {
    return this.code === 'unreachable';
  }

  get denied(): boolean {
    return this.status === 401 || (this.status === 403 && this.code !== 'refused_sql');
  }
}

export function unreachable(): Problem {
  return new Problem({
    title: 'No answer',
    code: 'unreachable',
    detail: 'The server does not answer. It may be stopped, or the network in between is down.',
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ title: 'The page failed', code: 'page', detail: String(error) });
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
