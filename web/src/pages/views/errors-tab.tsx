import { api } from '../../api/client';
import type { ViewDetail, ViewErrors } from '../../api/types';
import { Command } from '../../components/command';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { count } from '../../format/number';
import { useResource } from '../../state/resource';

const limit = 100;

/** Events that failed in this view: recorded against it, and back by themselves when the view or a table changes. */
export function ErrorsTab({ view }: { view: ViewDetail }) {
  const found = useResource<ViewErrors>(`errors ${view.name}`, (signal) => api.viewErrors(view.name, limit, { signal }), {
    trigger: String(view.errors), pollMs: 5000,
  });
  if (found.data === null) {
    return found.problem ? <ProblemView problem={found.problem} onRetry={found.reload} /> : <Skeleton rows={5} label="Loading the errors" />;
  }
  if (found.data.errors.length === 0) {
    return <StatePanel kind="ok" title="No errors" testId="no-errors">No event failed in this view.</StatePanel>;
  }
  return (
    <>
      <p className="note">
        These events are left out of this view, in both layers. They return by themselves when the view or a table changes.
        {found.data.total > found.data.errors.length && ` The first ${count(found.data.errors.length)} of ${count(found.data.total)}.`}
      </p>
      <ul className="entries" data-testid="view-errors">
        {found.data.errors.map((error) => (
          <li key={`${error.stream}/${error.partition}/${error.offset}`} className="card entry">
            <p className="entry-head"><b className="entry-reason">{error.message}</b></p>
            <p className="quiet">stream <b>{error.stream}</b> · partition <span className="mono">{error.partition}</span> · offset <span className="mono">{count(error.offset)}</span></p>
            {error.raw !== null && error.raw !== undefined && <pre className="raw" role="group" tabIndex={0} aria-label="Raw event">{error.raw}</pre>}
          </li>
        ))}
      </ul>
      <Command>{`anabranch explain ${view.name}`}</Command>
    </>
  );
}
