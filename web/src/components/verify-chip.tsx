import type { LastVerify } from '../api/types';
import { offsetsByStream } from '../format/offset';
import { Chip } from './chip';

/** Green only where something was checked and found equal. */
export function VerifyChip({ verify }: { verify: LastVerify | null }) {
  if (verify === null) return <Chip icon="dash">not checked</Chip>;
  const title = `Checked at ${offsetsByStream(verify.offsets)}`;
  if (verify.result === 'equal') return <Chip tone="ok" icon="check" title={title}>equal</Chip>;
  if (verify.result === 'different') return <Chip tone="bad" icon="cross" title={title}>different</Chip>;
  if (verify.result === 'stale') return <Chip icon="dash" title={`${title}, and has changed since`}>stale</Chip>;
  return <Chip tone="bad" icon="warn" title={title}>failed</Chip>;
}
