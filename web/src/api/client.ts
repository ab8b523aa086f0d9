import { parseExact } from './exact-json';
import { Problem, unreachable } from './problem';
import type {
  Answer, Build, QuarantinePage, Status, Verdict, View, ViewDetail, ViewErrors,
} from './types';

interface Options {
  signal?: AbortSignal;
}

async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw unreachable();
  }
  const body = await response.text();
  if (!response.ok) throw readProblem(response, body);
  try {
    return parseExact(body) as T;
  } catch {
    throw new Problem({
      title: 'Not an answer',
      status: response.status,
      code: 'not_json',
      detail: `${path} answered with something that is not JSON. Is this address an Anabranch server?`,
    });
  }
}

function readProblem(response: Response, body: string): Problem {
  let fields: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed !== null && typeof parsed === 'object') fields = parsed as Record<string, unknown>;
  } catch {
    fields = { detail: body.slice(0, 500) };
  }
  const retryAfter = Number(response.headers.get('retry-after'));
  return new Problem({
    title: response.statusText || `HTTP ${response.status}`,
    ...fields,
    status: response.status,
    retry_after: retryAfter > 0 ? retryAfter : null,
  });
}

function post<T>(path: string, body: unknown, options: Options = {}): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...options,
  });
}

const name = encodeURIComponent;

export const api = {
  status: (options?: Options) => request<Status>('/v1/status', options),

  views: async (options?: Options) => (await request<{ views: View[] }>('/v1/views', options)).views,
  view: (view: string, options?: Options) => request<ViewDetail>(`/v1/views/${name(view)}`, options),
  viewRows: (view: string, limit: number, options?: Options) =>
    request<Answer>(`/v1/views/${name(view)}/rows?limit=${limit}`, options),
  viewErrors: (view: string, limit: number, options?: Options) =>
    request<ViewErrors>(`/v1/views/${name(view)}/errors?limit=${limit}`, options),

  /** Decimals and integers past 2^53 come as text, so that no digit is lost on the way to the table. */
  query: (sql: string, options?: Options) =>
    post<Answer>('/v1/query', { sql, format: 'json', numbers: 'string' }, options),

  builds: async (limit: number, options?: Options) =>
    (await request<{ builds: Build[] }>(`/v1/builds?limit=${limit}`, options)).builds,
  startBuild: (views: string[]) => post<Build>('/v1/builds', views.length > 0 ? { views } : {}),

  verify: async (views: string[]) => (await post<{ results: Verdict[] }>('/v1/verify', { views })).results,

  quarantine: (stream: string | null, after: string | null, limit: number, options?: Options) => {
    const params = new URLSearchParams();
    if (stream !== null) params.set('stream', stream);
    params.set('limit', String(limit));
    if (after !== null) params.set('after', after);
    return request<QuarantinePage>(`/v1/quarantine?${params}`, options);
  },
};
