import { useCallback } from 'react';
import { api } from '../../api/client';
import type { Problem } from '../../api/problem';
import type { View } from '../../api/types';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { TimeText } from '../../components/time-text';
import { VerifyChip } from '../../components/verify-chip';
import { offsetsByStream } from '../../format/offset';
import { viewPath } from '../../state/router';
import { useTask } from '../../state/task';

/** Is it right? View by view, with the offset at which it was checked. */
export function VerifyCard({ views, problem, reload }: { views: View[] | null; problem: Problem | null; reload: () => void }) {
  const names = views?.map((view) => view.name) ?? [];
  const task = useTask(useCallback(async (all: string[]) => {
    await api.verify(all);
    reload();
  }, [reload]));
  return (
    <section className="card" data-testid="verify-card" aria-label="Verify">
      <header className="card-head">
        <h2>Verify</h2>
        <span className="quiet">the original SELECT, row by row</span>
        <span className="card-end">
          <button type="button" className="button" disabled={task.busy || names.length === 0} onClick={() => void task.run(names)} data-testid="verify-all">
            <Icon name="verify" />{task.busy ? 'Checking' : 'Verify all'}
          </button>
        </span>
      </header>
      {task.problem && <ProblemView problem={task.problem} />}
      {views === null && problem && <ProblemView problem={problem} onRetry={reload} />}
      {views === null && !problem && <Skeleton rows={4} />}
      {views?.length === 0 && (
        <StatePanel kind="empty" title="No view yet">
          A view is one SELECT in <code>models/gold/name.sql</code>.
        </StatePanel>
      )}
      {views !== null && views.length > 0 && (
        <ul className="lines" data-testid="verify-list">
          {views.map((view) => (
            <li key={view.name}>
              <Link className="mono ellipsis" href={viewPath(view.name)}>{view.name}</Link>
              <span className="quiet lines-note">
                {view.last_verify ? <><TimeText at={view.last_verify.at} relative /> · <span className="mono">{offsetsByStream(view.last_verify.offsets)}</span></> : 'never'}
              </span>
              <VerifyChip verify={view.last_verify} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
