import { api } from '../../api/client';
import type { QuarantinePage as Page } from '../../api/types';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { count, counted } from '../../format/number';
import { useLive } from '../../state/live';
import { useResource } from '../../state/resource';
import { usePlace } from '../../state/router';
import { useTitle } from '../../state/title';
import { Entry } from './entry';

const pageSize = 50;

function address(stream: string | null, after: string | null): string {
  const params = new URLSearchParams();
  if (stream !== null) params.set('stream', stream);
  if (after !== null) params.set('after', after);
  const query = params.toString();
  return query === '' ? '/quarantine' : `/quarantine?${query}`;
}

export function QuarantinePage() {
  useTitle('Quarantine');
  const { params } = usePlace();
  const { status } = useLive();
  const stream = params.get('stream');
  const after = params.get('after');
  const streams = status?.streams ?? [];
  const quarantined = streams.reduce((sum, each) => sum + each.quarantined, 0);
  const page = useResource<Page>(`quarantine ${stream ?? ''} ${after ?? ''}`, (signal) => api.quarantine(stream, after, pageSize, { signal }), {
    trigger: String(stream === null ? quarantined : (streams.find((each) => each.name === stream)?.quarantined ?? 0)),
    everyMs: 2000,
  });
  return (
    <>
      <PageHead title="Quarantine" lead={page.data ? counted(page.data.total, 'entry', 'entries') : undefined} />
      {streams.length > 0 && (
        <nav className="segments" aria-label="Stream">
          <Link href={address(null, null)} aria-current={stream === null ? 'true' : undefined}>All <span className="figures">{count(quarantined)}</span></Link>
          {streams.map((each) => (
            <Link key={each.name} href={address(each.name, null)} aria-current={stream === each.name ? 'true' : undefined}>
              {each.name} <span className="figures">{count(each.quarantined)}</span>
            </Link>
          ))}
        </nav>
      )}
      {page.data === null && (page.problem
        ? <ProblemView problem={page.problem} onRetry={page.reload} />
        : <Skeleton rows={5} label="Loading the quarantine" />)}
      {page.data !== null && page.problem && <p className="note note-stale" role="status"><Icon name="clock" />This list is stale: {page.problem.title.toLowerCase()}.</p>}
      {page.data !== null && page.data.entries.length === 0 && (
        <StatePanel kind="empty" title={after === null ? 'Nothing in quarantine' : 'No more entries'} testId="quarantine-empty">
          {after === null
            ? 'Everything that arrived became an event. What cannot become one is kept here with its reason and its raw bytes.'
            : <Link href={address(stream, null)}>Back to the first page</Link>}
        </StatePanel>
      )}
      {page.data !== null && page.data.entries.length > 0 && (
        <>
          <ul className="entries" data-testid="quarantine-list">
            {page.data.entries.map((entry) => <Entry key={entry.id} entry={entry} />)}
          </ul>
          <nav className="row pager" aria-label="Paging">
            {after !== null && <Link className="button" href={address(stream, null)}>First page</Link>}
            {page.data.next !== null && page.data.next !== undefined
              ? <Link className="button" href={address(stream, page.data.next)} data-testid="next-page">Next {count(pageSize)}</Link>
              : <span className="quiet">The end of the list</span>}
          </nav>
        </>
      )}
    </>
  );
}
