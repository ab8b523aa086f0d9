import type { Live } from '../../state/live';
import type { Status, View } from '../../api/types';
import { total } from '../../api/status';
import { bytes, count, counted, duration, milliseconds, rate } from '../../format/number';
import { useWidth } from '../../state/size';
import { Link } from '../../components/link';
import { LiveValue } from '../../components/live-value';
import { Sparkline } from '../../components/sparkline';
import { layOut, maxStreams } from './layout';
import { River } from './river';
import { Fact, Facts, Station } from './station';

/** streams → log → batch | speed → merge → exits, as they are now. */
export function Picture({ status, rates, views }: { status: Status; rates: Live['rates']; views: View[] | null }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const streams = status.streams.slice(0, maxStreams);
  const more = status.streams.length - streams.length;
  const layout = layOut(Math.max(width, 300), Math.max(1, streams.length), status.tables.length > 0);
  const running = status.running_build;
  const durable = status.streams.reduce((sum, stream) => sum + total(stream.durable_offsets), 0);
  const applied = status.streams.reduce((sum, stream) => sum + total(stream.applied_offsets), 0);
  const archived = status.streams.reduce((sum, stream) => sum + total(stream.archived_offsets), 0);
  const cutoff = status.streams.reduce((sum, stream) => sum + total(stream.cutoff_offsets), 0);
  const logBytes = status.streams.reduce((sum, stream) => sum + stream.log_bytes, 0);
  const lag = status.streams.reduce((sum, stream) => sum + stream.lag_events, 0);
  const newer = status.tables.filter((table) => table.pinned_version !== null && table.version !== table.pinned_version).length;
  return (
    <div className={layout.wide ? 'picture' : 'picture picture-tall'} ref={frame} style={{ height: layout.height }} data-testid="flow-picture">
      <River layout={layout} rates={streams.map((stream) => stream.events_per_s)} building={running !== null} />
      {streams.map((stream, i) => (
        <Station key={stream.name} box={layout.streams[i] ?? layout.log} name={stream.name} note={i === streams.length - 1 && more > 0 ? `stream, +${more} more` : 'stream'} testId={`station-stream-${stream.name}`}>
          <div className="station-rate">
            <p className="station-figure">
              <LiveValue testId={`rate-${stream.name}`}>{rate(stream.events_per_s)}</LiveValue> <span className="unit">events/s</span>
            </p>
            <Sparkline values={rates[stream.name] ?? []} width={72} height={22} />
          </div>
        </Station>
      ))}
      {streams.length === 0 && (
        <Station box={layout.streams[0] ?? layout.log} name="No stream" testId="station-stream-none">
          <p className="station-text">Describe one in <code>streams/</code></p>
        </Station>
      )}
      {layout.tables && (
        <Station box={layout.tables} name="Tables" note={newer > 0 ? `${newer} newer` : 'pinned'} testId="station-tables">
          <p className="station-text">
            {status.tables.slice(0, 3).map((table) => (
              <span key={table.name}><b>{table.name}</b> <code>v{table.pinned_version ?? table.version ?? '–'}</code></span>
            ))}
            {status.tables.length > 3 && <span>+{status.tables.length - 3} more</span>}
          </p>
        </Station>
      )}
      <Station box={layout.log} name="Log" note={bytes(logBytes)} testId="station-log">
        <Facts>
          <Fact name="durable" title="Events that survive a crash"><LiveValue className="mono" testId="log-durable">{count(durable)}</LiveValue></Fact>
          <Fact name="archived" title="Events copied to the lake"><LiveValue className="mono">{count(archived)}</LiveValue></Fact>
          <Fact name="applied" title="Events that reads include"><LiveValue className="mono">{count(applied)}</LiveValue></Fact>
          <Fact name="streams">{count(status.streams.length)}</Fact>
        </Facts>
      </Station>
      <Station box={layout.batch} name={<Link href="/builds">Batch</Link>} note={running ? 'building' : 'build'} tone="batch" testId="station-batch">
        <Facts>
          <Fact name="cut-off"><LiveValue className="mono" testId="cutoff-total">{count(cutoff)}</LiveValue></Fact>
          <Fact name="age" title="Age of the build that reads use">{status.build ? duration(status.build.age_s) : 'no build yet'}</Fact>
        </Facts>
        {running
          ? <Progress stage={running.stage} done={running.done} of={running.total} />
          : <p className="station-text station-id" title="The build that reads use"><code>{status.build?.id ?? 'anabranch build'}</code></p>}
      </Station>
      <Station box={layout.speed} name="Speed" note={status.speed?.replaying ? 'replaying' : 'slices'} tone="speed" testId="station-speed">
        <Facts>
          <Fact name="ticks"><LiveValue className="mono">{count(status.speed?.ticks)}</LiveValue></Fact>
          <Fact name="tick p50" title="How long half of the ticks took at most">{milliseconds(status.speed?.tick_ms_p50)}</Fact>
          <Fact name="tick p99" title="How long 99 of 100 ticks took at most">{milliseconds(status.speed?.tick_ms_p99)}</Fact>
          <Fact name="slice rows"><LiveValue className="mono">{count(status.speed?.slice_rows)}</LiveValue></Fact>
        </Facts>
      </Station>
      <Station box={layout.merge} name="Merge" note="merged read" tone="merge" testId="station-merge">
        <Facts>
          <Fact name="epoch" title="Which build and slices a read uses"><LiveValue className="mono">{count(status.epoch)}</LiveValue></Fact>
          <Fact name="lag" title="Durable, but not yet included in reads"><LiveValue>{counted(lag, 'event')}</LiveValue></Fact>
          <Fact name="fresh p50" title="Durable to readable, for half of the events"><LiveValue>{milliseconds(status.freshness_ms?.p50)}</LiveValue></Fact>
          <Fact name="fresh p99" title="Durable to readable, for 99 of 100 events"><LiveValue>{milliseconds(status.freshness_ms?.p99)}</LiveValue></Fact>
        </Facts>
      </Station>
      <Station box={layout.exits} name="Exits" testId="station-exits">
        <ul className="exits">
          <li><Link href="/views">{views === null ? 'Views' : `${count(views.length)} ${views.length === 1 ? 'view' : 'views'}`}</Link></li>
          <li><Link href="/sql">SQL</Link></li>
          <li><a href="/v1/openapi.json">HTTP</a></li>
        </ul>
      </Station>
    </div>
  );
}

export function Progress({ stage, done, of }: { stage: string; done: number; of: number }) {
  const share = of > 0 ? Math.min(1, done / of) : 0;
  return (
    <div className="progress-block" data-testid="build-progress">
      <p><span>{stage}</span> <span className="mono">{count(done)} / {count(of)}</span></p>
      <div className="progress" role="progressbar" aria-label={`Build: ${stage}`} aria-valuemin={0} aria-valuemax={of} aria-valuenow={done}>
        <span style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}
