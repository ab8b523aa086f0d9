import type { ReactNode } from 'react';
import type { Status } from '../../api/types';
import { LiveValue } from '../../components/live-value';
import { TimeText } from '../../components/time-text';
import { bytes, count, duration, milliseconds } from '../../format/number';
import { Progress } from './picture';

/** The speed layer, the build at work and the server itself. */
export function ServerCard({ status }: { status: Status }) {
  const { speed, build, running_build: running } = status;
  return (
    <section className="card" data-testid="server-card" aria-label="Builds and ticks">
      <header className="card-head"><h2>Builds and ticks</h2></header>
      {running && (
        <div className="card-part">
          <Progress stage={running.stage} done={running.done} of={running.total} />
          <p className="quiet">Build <code>{running.id}</code>, started <TimeText at={running.started_at} relative /></p>
        </div>
      )}
      <dl className="pairs">
        <Pair name="build">{build ? <code>{build.id}</code> : 'none yet'}</Pair>
        {build && <Pair name="published"><TimeText at={build.published_at} /></Pair>}
        <Pair name="epoch"><LiveValue className="mono">{count(status.epoch)}</LiveValue></Pair>
        <Pair name="ticks"><LiveValue className="mono">{count(speed?.ticks)}</LiveValue></Pair>
        <Pair name="tick p50 · p99">{milliseconds(speed?.tick_ms_p50)} · {milliseconds(speed?.tick_ms_p99)}</Pair>
        <Pair name="slice rows"><LiveValue className="mono">{count(speed?.slice_rows)}</LiveValue></Pair>
        <Pair name="compactions"><LiveValue className="mono">{count(speed?.compactions)}</LiveValue></Pair>
        <Pair name="memory"><LiveValue>{bytes(status.memory_bytes)}</LiveValue></Pair>
        <Pair name="up for">{duration(status.uptime_s)}</Pair>
      </dl>
    </section>
  );
}

function Pair({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}
