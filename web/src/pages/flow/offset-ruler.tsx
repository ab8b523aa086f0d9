import { count } from '../../format/number';

interface Props {
  name: string;
  cutoff: number;
  archived: number;
  applied: number;
  durable: number;
}

/**
 * A log from offset 0 to its end: what the build answers for, what the speed layer adds after the cut-off,
 * and what is durable but not yet read. A part that is not empty is never too small to see.
 */
export function OffsetRuler({ name, cutoff, archived, applied, durable }: Props) {
  const end = Math.max(durable, 1);
  const least = 0.6;
  const share = (from: number, to: number) => (to > from ? Math.max(least, ((to - from) / end) * 100) : 0);
  const lag = share(applied, durable);
  const speed = share(cutoff, applied);
  const batch = Math.max(0, Math.min((cutoff / end) * 100, 100 - speed - lag));
  const mark = Math.min(99.8, (archived / end) * 100);
  const said = `${name}: cut-off ${count(cutoff)}, applied ${count(applied)}, durable ${count(durable)}, archived ${count(archived)}`;
  return (
    <svg className="ruler" role="img" aria-label={said} data-testid={`ruler-${name}`} width="100%" height="22">
      <defs>
        <pattern id={`lag-${name}`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="6" height="6" className="ruler-lag-ground" />
          <rect width="3" height="6" className="ruler-lag-stripe" />
        </pattern>
      </defs>
      <rect className="ruler-bed" x="0" y="4" width="100%" height="12" rx="3" />
      <rect className="ruler-batch" y="4" height="12" rx="3" style={{ x: '0%', width: `${batch}%` }} />
      <rect className="ruler-speed" y="4" height="12" style={{ x: `${batch}%`, width: `${speed}%` }} />
      <rect y="4" height="12" fill={`url(#lag-${name})`} style={{ x: `${batch + speed}%`, width: `${lag}%` }} />
      {cutoff > 0 && <rect className="ruler-cutoff" y="0" height="20" width="2" style={{ x: `calc(${batch}% - 1px)` }} />}
      {archived > 0 && <rect className="ruler-archived" y="18" height="4" width="8" style={{ x: `calc(${mark}% - 4px)` }} />}
    </svg>
  );
}
