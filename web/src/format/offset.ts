import type { Offsets, OffsetsByStream } from '../api/types';
import { count } from './number';

/** 336,776 for one partition; [12, 40] for several. */
export function offsets(value: Offsets | null | undefined): string {
  if (!value || value.length === 0) return '–';
  return value.length === 1 ? count(value[0]) : `[${value.map((offset) => count(offset)).join(', ')}]`;
}

/** flights 336,776 · users 12 */
export function offsetsByStream(value: OffsetsByStream | null | undefined): string {
  const entries = Object.entries(value ?? {});
  if (entries.length === 0) return '–';
  return entries.map(([stream, of]) => `${stream} ${offsets(of)}`).join(' · ');
}
