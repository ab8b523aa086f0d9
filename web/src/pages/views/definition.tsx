import type { ViewDetail } from '../../api/types';
import { CodeView } from '../../components/code-view';
import { Command } from '../../components/command';
import { StatePanel } from '../../components/state-panel';

/** The SQL as written, why it is answered at read time, the columns, and the plan's four stages. */
export function Definition({ view }: { view: ViewDetail }) {
  const reasons = view.reasons ?? [];
  return (
    <div className="definition">
      <section className="card" aria-labelledby="sql-title">
        <header className="card-head">
          <h2 id="sql-title">SQL</h2>
          <code className="quiet">{view.file}</code>
        </header>
        <CodeView
          sql={view.sql ?? ''}
          copy
          label="SQL of the view"
          marks={reasons.flatMap((reason) => (reason.line === null ? [] : [{ line: reason.line, column: reason.column ?? 1, message: reason.clause }]))}
        />
      </section>
      {!view.maintained && (
        <section className="card" aria-labelledby="why-title" data-testid="reasons">
          <header className="card-head"><h2 id="why-title">Why read time</h2></header>
          {reasons.length === 0
            ? <p className="quiet">No clause stands in the way: it reads a view that is answered at read time.</p>
            : (
              <ul className="reasons">
                {reasons.map((reason, i) => (
                  <li key={i}>
                    <code>{reason.clause}</code>
                    <p>{reason.reason}{reason.line !== null && <span className="quiet"> (line {reason.line}{reason.column !== null && `, column ${reason.column}`})</span>}</p>
                  </li>
                ))}
              </ul>
            )}
          <p className="quiet">The answer is still right; this says what it costs:</p>
          <Command>{`anabranch explain ${view.name}`}</Command>
        </section>
      )}
      <section className="card" aria-labelledby="columns-title">
        <header className="card-head"><h2 id="columns-title">Columns</h2></header>
        <ul className="column-list">
          {view.columns.map((column) => <li key={column.name}><span className="mono">{column.name}</span> <span className="type">{column.type}</span></li>)}
        </ul>
      </section>
      <section className="card" aria-labelledby="plan-title" data-testid="plan">
        <header className="card-head"><h2 id="plan-title">Plan</h2><span className="quiet">one definition, four stages</span></header>
        {view.plan ? (
          <ol className="stages">
            <Stage name="Rows" note="per event: filter, project, unnest, join with tables" sql={view.plan.rows} />
            {(view.plan.parts ?? []).map((part) => {
              const suffix = (view.plan?.parts.length ?? 0) > 1 ? ` (${part.name})` : '';
              return (
                <li key={part.name} className="stage-pair">
                  <ol>
                    <Stage name={`Partial${suffix}`} note="group the rows into states" sql={part.partial} />
                    <Stage name={`Merge${suffix}`} note="combine states with the same key" sql={part.merge} />
                  </ol>
                </li>
              );
            })}
            <Stage name="Finalise" note="at read time, over merged states" sql={view.plan.finalise} />
          </ol>
        ) : (
          <StatePanel kind="empty" title="No plan">This view is recomputed when it is read, so it is not split into stages.</StatePanel>
        )}
      </section>
    </div>
  );
}

function Stage({ name, note, sql }: { name: string; note: string; sql: string }) {
  if (!sql) return null;
  return (
    <li className="stage">
      <details open>
        <summary><b>{name}</b> <span className="quiet">{note}</span></summary>
        <CodeView sql={sql} label={`SQL of the stage ${name}`} copy />
      </details>
    </li>
  );
}
