import type { Build } from '../../api/types';
import { Chip, type Tone } from '../../components/chip';
import type { IconName } from '../../components/icon';
import { TimeText } from '../../components/time-text';
import { bytes, count, counted, milliseconds } from '../../format/number';
import { parseTime } from '../../format/time';
import { useNow } from '../../state/clock';

const states: Record<string, [Tone, IconName]> = {
  running: ['info', 'clock'],
  published: ['batch', 'builds'],
  failed: ['bad', 'cross'],
  abandoned: ['quiet', 'dash'],
};

export function BuildRow({ build, current, offsets }: { build: Build; current: boolean; offsets: string }) {
  const [tone, icon] = states[build.state] ?? ['quiet', 'dash'];
  const views = build.views ?? [];
  return (
    <>
      <tr data-testid={`build-${build.id}`} data-state={build.state}>
        <th scope="row">
          <code className="list-name">{build.id}</code>
          <span className="list-note">{build.reason ?? ''}{current && <b> · in use</b>}</span>
        </th>
        <td data-label="State"><Chip tone={tone} icon={icon}>{build.state}</Chip></td>
        <td data-label="Started"><TimeText at={build.started_at} /></td>
        <td data-label="Duration" className="number">{build.state === 'running' ? <Elapsed since={build.started_at} /> : milliseconds(build.duration_ms)}</td>
        <td data-label="Cut-off" className="mono">{offsets}</td>
        <td data-label="Rows" className="number">{count(build.rows)}</td>
        <td data-label="Memory" className="number" title="Peak memory of the build">{bytes(build.peak_memory_bytes)}</td>
        <td data-label="Views" title={views.join('\n')}>{views.length === 0 ? 'all' : views.length === 1 ? <span className="mono">{views[0]}</span> : counted(views.length, 'view')}</td>
      </tr>
      {build.error && (
        <tr className="list-error">
          <td colSpan={8}><span className="entry-reason">{build.error}</span></td>
        </tr>
      )}
      {(build.warnings ?? []).map((warning) => (
        <tr className="list-error" key={`${warning.view}${warning.message}`} data-testid={`build-${build.id}-warning`}>
          <td colSpan={8}><span className="entry-reason">{warning.view ? `${warning.view}: ` : ''}{warning.message}</span></td>
        </tr>
      ))}
    </>
  );
}

function Elapsed({ since }: { since: string }) {
  const now = useNow();
  const start = parseTime(since);
  return <>{start ? milliseconds(Math.max(0, Math.round((now - start.getTime()) / 1000) * 1000)) : '–'}</>;
}
