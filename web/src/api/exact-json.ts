// JSON whose numbers keep all their digits. The server writes integers and decimals of any size as JSON numbers;
// a JavaScript number holds about 17 digits. Numbers that would lose digits become strings.

/** Cheap look-ahead: most documents hold no such number, and a reviver over every value is slow. */
const maybeLong = /[-[:,\s]\d[\d.]{15,}/;
const integer = /^-?\d+$/;
const plainDecimal = /^-?\d+\.\d+$/;

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

export function parseExact(text: string): unknown {
  if (!maybeLong.test(text)) return JSON.parse(text);
  const keepDigits: Reviver = (_key, value, context) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return losesDigits(value, context.source) ? context.source : value;
  };
  return JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]);
}

export function losesDigits(value: number, source: string): boolean {
  if (integer.test(source)) return !Number.isSafeInteger(value);
  if (!plainDecimal.test(source)) return false;
  // Doubles are written in at most 17 significant digits; more can only be a decimal.
  return source.replace(/^-?0*\.?0*|\./g, '').length > 17;
}
