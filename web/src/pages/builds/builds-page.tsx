import { useCallback } from 'react';
import { api } from '../../api/client';
import type { Build } from '../../api/types';
import { Icon } from '../../components/icon';
import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { TimeText } from '../../components/time-text';
import { counted, duration } from '../../format/number';
import { offsetsByStream } from '../../format/offset';
import { useLive } from '../../state/live';
import { useResource } from '../../state/resource';
import { useTask } from '../../state/task';
import { useTitle } from '../../state/title';
import { Progress } from '../flow/picture';
import { BuildRow } from './build-row';

const limit = 50;

export function BuildsPage() {
  useTitle('Builds');
  const { status, buildChanges } = useLive();
  const builds = useResource<Build[]>('builds', (signal) => api.builds(limit, { signal }), {
    trigger: String(buildChanges), everyMs: 500, pollMs: status?.running_build ? 2000 : 10_000,
  });
  const reload = builds.reload;
  const start = useTask(useCallback(async () => {
    const build = await api.startBuild([]);
    reload();
    return build;
  }, [reload]));
  const running = status?.running_build ?? null;
  const busy = start.busy || running !== null;
  const list = [...(builds.data ?? [])].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  return (
    <>
      <PageHead
        title="Builds"
        lead={status?.build ? <>reads use <code>{status.build.id}</code>, {duration(status.build.age_s)} old</> : 'no build is published yet'}
        actions={(
          <button type="button" className="button button-main" disabled={busy} onClick={() => void start.run()} data-testid="start-build">
            <Icon name="play" />{busy ? 'Building' : 'Start a build'}
          </button>
        )}
      />
      {start.problem && <ProblemView problem={start.problem} />}
      {start.result && (
        <p className="note" role="status" data-testid="build-started">
          <Icon name="check" />Build <code>{start.result.id}</code> is {start.result.state}.
        </p>
      )}
      {running && (
        <section className="card" aria-label="Running build" data-testid="running-build">
          <header className="card-head">
            <h2>Running</h2><code>{running.id}</code>
            <span className="quiet">started <TimeText at={running.started_at} relative /></span>
          </header>
          <Progress stage={running.stage} done={running.done} of={running.total} />
        </section>
      )}
      {builds.data === null && (builds.problem
        ? <ProblemView problem={builds.problem} onRetry={reload} />
        : <Skeleton rows={6} label="Loading the builds" />)}
      {builds.data !== null && builds.problem && <p className="note note-stale" role="status"><Icon name="clock" />This list is stale: {builds.problem.title.toLowerCase()}.</p>}
      {builds.data !== null && list.length === 0 && (
        <StatePanel kind="empty" title="No build yet" command="anabranch build">
          A build recomputes every view up to a cut-off and is published whole or not at all. Until the first one, reads use slices alone.
        </StatePanel>
      )}
      {list.length > 0 && (
        <>
          <p className="visually-hidden" role="status">{counted(list.length, 'build')}</p>
          <div className="list-scroll" role="group" tabIndex={0} aria-label="Builds">
            <table className="list" data-testid="builds-list">
              <thead>
                <tr>
                  <th scope="col">Build</th>
                  <th scope="col">State</th>
                  <th scope="col">Started</th>
                  <th scope="col" className="number">Duration</th>
                  <th scope="col">Cut-off</th>
                  <th scope="col" className="number">Rows</th>
                  <th scope="col" className="number">Memory</th>
                  <th scope="col">Views</th>
                </tr>
              </thead>
              <tbody>
                {list.map((build) => <BuildRow key={build.id} build={build} current={status?.build?.id === build.id} offsets={offsetsByStream(build.cutoff)} />)}
              </tbody>
            </table>
          </div>
        </>
      )}
    </>
  );
}
