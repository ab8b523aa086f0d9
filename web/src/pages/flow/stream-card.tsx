import { total } from '../../api/status';
import type { StreamStatus } from '../../api/types';
import { Chip } from '../../components/chip';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { LiveValue } from '../../components/live-value';
import { bytes, count, counted, milliseconds, rate } from '../../format/number';
import { offsets } from '../../format/offset';
import { OffsetRuler } from './offset-ruler';

/** One stream's log: its offsets on a line, and what they are. */
export function StreamCard({ stream }: { stream: StreamStatus }) {
  const name = stream.name;
  const empty = total(stream.durable_offsets) === 0;
  return (
    <article className="card stream-card" data-testid={`stream-${name}`} aria-label={`Stream ${name}`}>
      <header className="card-head">
        <h3>{name}</h3>
        <span className="quiet">
          {stream.partitions > 1 ? `${count(stream.partitions)} partitions · ` : ''}{bytes(stream.log_bytes)} of log
        </span>
        <span className="card-end">
          {stream.quarantined > 0
            ? <Link className="chip chip-warn" href={`/quarantine?stream=${encodeURIComponent(name)}`}><Icon name="warn" />{count(stream.quarantined)} in quarantine</Link>
            : <Chip>quarantine empty</Chip>}
        </span>
      </header>
      {partitions(stream).map((of, i) => (
        <OffsetRuler key={i} name={stream.partitions > 1 ? `${name}/${i}` : name} {...of} />
      ))}
      {empty ? (
        <p className="quiet">No events yet. Send some, or <code>anabranch ingest {name} file.parquet</code></p>
      ) : (
        <dl className="offsets">
          <Offset kind="cutoff" term="cut-off" testId={`cutoff-${name}`} meaning="The build has computed up to here">{offsets(stream.cutoff_offsets)}</Offset>
          <Offset kind="applied" term="applied" testId={`applied-${name}`} meaning="Reads include everything before this offset">{offsets(stream.applied_offsets)}</Offset>
          <Offset kind="durable" term="durable" testId={`durable-${name}`} meaning="Everything before this offset survives a crash">{offsets(stream.durable_offsets)}</Offset>
          <Offset kind="archived" term="archived" testId={`archived-${name}`} meaning="Everything before this offset is in the lake">{offsets(stream.archived_offsets)}</Offset>
          <Offset term="lag" testId={`lag-${name}`} meaning="Durable, but not yet included in reads">
            {counted(stream.lag_events, 'event')}{stream.lag_ms !== null ? ` · ${milliseconds(stream.lag_ms)}` : ''}
          </Offset>
          <Offset term="rate" testId={`card-rate-${name}`} meaning="Events that became durable, a second">{`${rate(stream.events_per_s)} /s`}</Offset>
        </dl>
      )}
    </article>
  );
}

function Offset({ term, kind, children, meaning, testId }: {
  term: string;
  kind?: string;
  children: string | string[];
  meaning: string;
  testId: string;
}) {
  return (
    <div title={meaning}>
      <dt>{kind && <span className={`key key-${kind}`} aria-hidden="true" />}{term}</dt>
      <dd><LiveValue className={kind ? 'mono' : ''} testId={testId}>{Array.isArray(children) ? children.join('') : children}</LiveValue></dd>
    </div>
  );
}

/** Up to four partitions each get a line; more are drawn as one. */
function partitions(stream: StreamStatus) {
  const one = (pick: (of: number[]) => number) => ({
    cutoff: pick(stream.cutoff_offsets), archived: pick(stream.archived_offsets),
    applied: pick(stream.applied_offsets), durable: pick(stream.durable_offsets),
  });
  if (stream.partitions <= 1 || stream.partitions > 4) return [one(total)];
  return Array.from({ length: stream.partitions }, (_, i) => one((of) => of[i] ?? 0));
}
