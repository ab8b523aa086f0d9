import { useMemo } from 'react';
import type { View } from '../../api/types';
import { Chip } from '../../components/chip';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { match } from '../../components/match';
import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { VerifyChip } from '../../components/verify-chip';
import { TimeText } from '../../components/time-text';
import { count, counted } from '../../format/number';
import { setParams, usePlace, viewPath } from '../../state/router';
import { useTitle } from '../../state/title';
import { useViews } from '../../state/views';
import { AnsweredChip } from './answered-chip';
import { classMeaning, classWord } from './class-words';

export function ViewsPage() {
  useTitle('Views');
  const { views, problem, reload } = useViews();
  const { params } = usePlace();
  const find = params.get('find') ?? '';
  const layer = params.get('layer') ?? '';
  const layers = useMemo(() => [...new Set((views ?? []).map((view) => view.layer))].sort().reverse(), [views]);
  const shown = (views ?? [])
    .filter((view) => (layer === '' || view.layer === layer) && match(find, `${view.name} ${view.description ?? ''}`) !== null)
    .sort((a, b) => (a.layer === b.layer ? (a.name < b.name ? -1 : 1) : a.layer < b.layer ? -1 : 1));
  return (
    <>
      <PageHead title="Views" lead="Each written once, in SQL" />
      {views === null && problem && <ProblemView problem={problem} onRetry={reload} />}
      {views === null && !problem && <Skeleton rows={6} label="Loading the views" />}
      {views !== null && views.length === 0 && (
        <StatePanel kind="empty" title="No view yet" command={'mkdir -p models/gold && echo "SELECT count(*) AS n FROM bronze.flights" > models/gold/how_many.sql'}>
          A view is one SELECT in <code>models/gold/name.sql</code> or <code>models/silver/name.sql</code>; its path is its name.
        </StatePanel>
      )}
      {views !== null && views.length > 0 && (
        <>
          <div className="toolbar">
            <label className="find">
              <Icon name="search" />
              <span className="visually-hidden">Filter views</span>
              <input
                type="search"
                value={find}
                placeholder="Filter views"
                spellCheck={false}
                data-testid="views-filter"
                onChange={(event) => setParams({ find: event.target.value })}
              />
            </label>
            <div className="segments" role="group" aria-label="Layer">
              {['', ...layers].map((each) => (
                <button key={each} type="button" aria-pressed={layer === each} onClick={() => setParams({ layer: each })}>
                  {each === '' ? 'All' : each}
                </button>
              ))}
            </div>
            <span className="toolbar-count" aria-live="polite">{counted(shown.length, 'view')}</span>
          </div>
          {shown.length === 0 ? (
            <StatePanel
              kind="empty"
              title="No view fits"
              actions={<button type="button" className="button" onClick={() => setParams({ find: null, layer: null })}>Clear the filter</button>}
            />
          ) : (
            <div className="list-scroll" role="group" tabIndex={0} aria-label="Views">
              <table className="list" data-testid="views-list">
                <thead>
                  <tr>
                    <th scope="col">View</th>
                    <th scope="col">Class</th>
                    <th scope="col">Answered</th>
                    <th scope="col" className="number">Build rows</th>
                    <th scope="col" className="number">Slice rows</th>
                    <th scope="col" className="number">Errors</th>
                    <th scope="col">Last verify</th>
                  </tr>
                </thead>
                <tbody>{shown.map((view) => <ViewRow key={view.name} view={view} />)}</tbody>
              </table>
            </div>
          )}
        </>
      )}
    </>
  );
}

function ViewRow({ view }: { view: View }) {
  return (
    <tr data-testid={`view-${view.name}`}>
      <th scope="row">
        <Link className="mono list-name" href={viewPath(view.name)}>{view.name}</Link>
        {view.description && <span className="list-note">{view.description}</span>}
      </th>
      <td data-label="Class"><span title={classMeaning(view.class)}>{classWord(view.class)}</span></td>
      <td data-label="Answered"><AnsweredChip maintained={view.maintained} /></td>
      <td data-label="Build rows" className="number">{count(view.build_rows)}</td>
      <td data-label="Slice rows" className="number">{count(view.slice_rows)}</td>
      <td data-label="Errors" className="number">
        {view.errors > 0
          ? <Link href={`${viewPath(view.name)}?tab=errors`}><Chip tone="warn" icon="warn">{count(view.errors)}</Chip></Link>
          : '0'}
      </td>
      <td data-label="Last verify">
        <span className="row-tight">
          <VerifyChip verify={view.last_verify} />
          {view.last_verify && <span className="quiet"><TimeText at={view.last_verify.at} relative /></span>}
        </span>
      </td>
    </tr>
  );
}
