import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../api/client';
import { asProblem, type Problem } from '../../api/problem';
import type { Answer } from '../../api/types';
import { AnswerFacts } from '../../components/answer-facts';
import { ChartView } from '../../components/chart/chart';
import { choices } from '../../components/chart/choose';
import { CopyButton } from '../../components/copy-button';
import { Icon } from '../../components/icon';
import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { DataTable } from '../../components/table/data-table';
import { readSort, writeSort } from '../../components/table/sort';
import { count } from '../../format/number';
import { setParams, usePlace } from '../../state/router';
import { rememberQuery } from '../../state/sql-history';
import { useTitle } from '../../state/title';
import { useViews } from '../../state/views';
import { SqlEditor } from './editor';
import { History } from './history';

/** More rows than anyone reads: the rest stays with the server. */
const shownRows = 100_000;

type Run =
  | { state: 'idle' }
  | { state: 'running'; sql: string }
  | { state: 'done'; sql: string; answer: Answer; left: number }
  | { state: 'failed'; sql: string; problem: Problem };

export function SqlPage() {
  useTitle('SQL');
  const { params } = usePlace();
  const asked = params.get('q') ?? '';
  const [sql, setSql] = useState(asked);
  const [run, setRun] = useState<Run>({ state: 'idle' });
  const area = useRef<HTMLTextAreaElement>(null);
  const running = useRef<AbortController | null>(null);
  const ranFor = useRef<string | null>(null);

  const start = useCallback(async (statement: string) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    setRun({ state: 'running', sql: statement });
    try {
      const answer = await api.query(statement, { signal: controller.signal });
      if (controller.signal.aborted) return;
      const left = Math.max(0, answer.rows.length - shownRows);
      setRun({ state: 'done', sql: statement, answer: left > 0 ? { ...answer, rows: answer.rows.slice(0, shownRows) } : answer, left });
    } catch (error) {
      if (!controller.signal.aborted) setRun({ state: 'failed', sql: statement, problem: asProblem(error) });
    }
  }, []);

  const submit = useCallback((statement: string) => {
    if (statement.trim() === '') return;
    rememberQuery(statement);
    ranFor.current = statement;
    setParams({ q: statement, sort: null, find: null, y: null }, { push: true });
    void start(statement);
  }, [start]);

  // The address is the state: a link, Back and Forward bring a statement and its rows.
  useEffect(() => {
    if (asked === ranFor.current) return;
    ranFor.current = asked;
    setSql(asked);
    if (asked.trim() !== '') void start(asked);
    else setRun({ state: 'idle' });
  }, [asked, start]);

  useEffect(() => {
    // A reader who came here means to type; on a touch screen that would open its keyboard over the page.
    if (window.matchMedia('(pointer: fine)').matches) area.current?.focus({ preventScroll: true });
    return () => {
      running.current?.abort();
      // React may mount this page again; then the address is asked anew.
      ranFor.current = null;
    };
  }, []);

  const problem = run.state === 'failed' && run.sql === sql ? run.problem : null;
  const mark = problem?.line != null ? { line: problem.line, column: problem.column ?? 1 } : null;

  return (
    <>
      <PageHead title="SQL" lead="One SELECT over views, streams and tables" />
      <SqlEditor value={sql} onChange={setSql} onRun={() => submit(sql)} mark={mark} area={area} />
      <div className="toolbar">
        {run.state === 'running' ? (
          <button
            type="button"
            className="button button-main"
            data-testid="sql-cancel"
            onClick={() => {
              running.current?.abort();
              setRun({ state: 'idle' });
            }}
          >
            <Icon name="stop" />Cancel
          </button>
        ) : (
          <button type="button" className="button button-main" onClick={() => submit(sql)} disabled={sql.trim() === ''} data-testid="sql-run">
            <Icon name="play" />Run <kbd>Ctrl ↵</kbd>
          </button>
        )}
        <CopyButton text={() => window.location.origin + '/sql?q=' + encodeURIComponent(sql)} label="Copy the link" quiet />
        <History onPick={(past) => { setSql(past); area.current?.focus(); }} />
      </div>
      <div className="sql-result" aria-live="polite" aria-busy={run.state === 'running'}>
        {run.state === 'idle' && <Ideas onPick={(idea) => { setSql(idea); submit(idea); }} />}
        {run.state === 'running' && <Skeleton rows={6} label="The statement runs" />}
        {run.state === 'failed' && <ProblemView problem={run.problem} sql={run.sql} onRetry={run.problem.line === null ? () => void start(run.sql) : undefined} />}
        {run.state === 'done' && <Result answer={run.answer} left={run.left} />}
      </div>
    </>
  );
}

function Result({ answer, left }: { answer: Answer; left: number }) {
  const { params } = usePlace();
  const drawable = choices(answer.columns, 1000).measures.length > 0 && answer.rows.length > 1;
  const charted = params.get('as') === 'chart' && drawable;
  return (
    <section aria-label="Result" data-testid="sql-result">
      <div className="result-head">
        <AnswerFacts answer={answer} />
        {drawable && (
          <div className="segments" role="group" aria-label="Show as">
            <button type="button" aria-pressed={!charted} onClick={() => setParams({ as: null })}><Icon name="table" />Table</button>
            <button type="button" aria-pressed={charted} onClick={() => setParams({ as: 'chart' })} data-testid="as-chart"><Icon name="chart" />Chart</button>
          </div>
        )}
      </div>
      {left > 0 && <p className="note">The first {count(shownRows)} rows; {count(left)} more were answered. A LIMIT makes this faster.</p>}
      {charted && (
        <ChartView
          key={answer.columns.map((column) => column.name).join()}
          columns={answer.columns}
          rows={answer.rows}
          name="query"
          measures={params.get('y')?.split(',').filter(Boolean) ?? null}
          onMeasures={(next) => setParams({ y: next?.join(',') ?? null })}
        />
      )}
      {answer.rows.length === 0 && answer.columns.length === 0
        ? <StatePanel kind="empty" title="No rows" />
        : (
          <DataTable
            label="Rows of the statement"
            name="query"
            columns={answer.columns}
            rows={answer.rows}
            sort={readSort(params.get('sort'))}
            onSort={(sort) => setParams({ sort: writeSort(sort) })}
            find={params.get('find') ?? ''}
            onFind={(find) => setParams({ find })}
          />
        )}
    </section>
  );
}

/** Somewhere to begin, made of the views that exist. */
function Ideas({ onPick }: { onPick: (sql: string) => void }) {
  const { views } = useViews();
  const ideas = (views ?? []).filter((view) => view.layer === 'gold').slice(0, 4).map((view) => `SELECT *\nFROM ${view.name}\nLIMIT 100`);
  return (
    <StatePanel kind="empty" title="Nothing was run yet" testId="sql-ideas">
      <p>Write a SELECT and press <kbd>Ctrl</kbd> <kbd>Enter</kbd>, or start from a view:</p>
      <div className="ideas">
        {ideas.map((idea) => (
          <button type="button" className="button" key={idea} onClick={() => onPick(idea)}><code>{idea.replace(/\s+/g, ' ')}</code></button>
        ))}
      </div>
    </StatePanel>
  );
}
