import { api } from '../../api/client';
import { readSignature } from '../../api/status';
import type { Answer, ViewDetail } from '../../api/types';
import { AnswerFacts } from '../../components/answer-facts';
import { ChartView } from '../../components/chart/chart';
import { Icon } from '../../components/icon';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { DataTable } from '../../components/table/data-table';
import { readSort, writeSort } from '../../components/table/sort';
import { count } from '../../format/number';
import { useLive } from '../../state/live';
import { useResource } from '../../state/resource';
import { setParams, usePlace } from '../../state/router';

const fewRows = 10_000;
const manyRows = 100_000;

/** The view's rows as chart and table, refreshed while events arrive. */
export function ResultTab({ view }: { view: ViewDetail }) {
  const { params } = usePlace();
  const { status } = useLive();
  const paused = params.get('live') === 'off';
  const limit = params.get('rows') === 'all' ? manyRows : fewRows;
  const answer = useResource<Answer>(`rows ${view.name} ${limit}`, (signal) => api.viewRows(view.name, limit, { signal }), {
    trigger: readSignature(status),
    everyMs: 1000,
    paused,
  });
  const data = answer.data;
  if (data === null) {
    return answer.problem
      ? <ProblemView problem={answer.problem} sql={view.sql} onRetry={answer.reload} />
      : <Skeleton rows={10} label="Loading the rows" />;
  }
  const stream = view.depends_on?.find((each) => each.startsWith('bronze.'))?.slice('bronze.'.length) ?? status?.streams[0]?.name ?? 'STREAM';
  const measures = params.get('y')?.split(',').filter(Boolean) ?? null;
  return (
    <>
      <div className="result-head">
        <AnswerFacts answer={data} />
        <button
          type="button"
          className="button"
          aria-pressed={!paused}
          onClick={() => setParams({ live: paused ? null : 'off' })}
          data-testid="live-toggle"
          title={paused ? 'Refresh while events arrive' : 'Hold the rows as they are'}
        >
          <Icon name={paused ? 'play' : 'pause'} />{paused ? 'Paused' : 'Live'}
        </button>
      </div>
      {answer.problem && (
        <p className="note note-stale" data-testid="rows-stale" role="status">
          <Icon name="clock" />These rows are stale: {answer.problem.title.toLowerCase()}.
          <button type="button" className="button" onClick={answer.reload}>Try again</button>
        </p>
      )}
      {data.rows.length === 0 ? (
        <StatePanel kind="empty" title="No rows yet" command={`anabranch ingest ${stream} file.parquet`}>
          The view is answered, and its answer is empty. Send events, or load a file.
        </StatePanel>
      ) : (
        <>
          <ChartView
            key={data.columns.map((column) => column.name).join()}
            columns={data.columns}
            rows={data.rows}
            name={view.name}
            measures={measures}
            onMeasures={(next) => setParams({ y: next?.join(',') ?? null })}
          />
          {data.rows.length === limit && limit < manyRows && (
            <p className="note">
              The first {count(limit)} rows.
              <button type="button" className="button" onClick={() => setParams({ rows: 'all' })} data-testid="more-rows">Up to {count(manyRows)}</button>
            </p>
          )}
          <DataTable
            label={`Rows of ${view.name}`}
            name={view.name}
            columns={data.columns}
            rows={data.rows}
            sort={readSort(params.get('sort'))}
            onSort={(sort) => setParams({ sort: writeSort(sort) })}
            find={params.get('find') ?? ''}
            onFind={(find) => setParams({ find })}
          />
        </>
      )}
    </>
  );
}
