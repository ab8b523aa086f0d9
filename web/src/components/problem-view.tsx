import type { Problem } from '../api/problem';
import { duration } from '../format/number';
import { CodeView } from './code-view';
import { Command } from './command';
import { Icon } from './icon';
import { StatePanel } from './state-panel';

/** A problem document, with its place in the SQL when it has one. */
export function ProblemView({ problem, sql, onRetry }: { problem: Problem; sql?: string; onRetry?: () => void }) {
  if (problem.denied) {
    return (
      <StatePanel kind="denied" title="Not allowed">
        {problem.detail || 'Your role may not see this.'} Ask the owner of the project for a role that may.
      </StatePanel>
    );
  }
  const step = nextStep(problem);
  return (
    <div className="problem" role="alert" data-testid="problem">
      <p className="problem-title">
        <Icon name={problem.code === 'refused_sql' ? 'lock' : 'warn'} />
        {problem.title}
        <code className="problem-code" data-testid="problem-code">
          {problem.code}{problem.status > 0 ? ` · ${problem.status}` : ''}
        </code>
      </p>
      {problem.detail && <p className="problem-detail" data-testid="problem-detail">{problem.detail}</p>}
      {sql !== undefined && problem.line !== null && (
        <>
          <p className="problem-place" data-testid="problem-place">
            Line <b>{problem.line}</b>{problem.column !== null && <>, column <b>{problem.column}</b></>}
          </p>
          <CodeView
            sql={sql}
            around={problem.line}
            marks={[{ line: problem.line, column: problem.column ?? 1, message: problem.title }]}
            label="The statement, with the mistake marked"
          />
        </>
      )}
      {problem.hint && <p className="problem-hint" data-testid="problem-hint"><b>Hint</b> {problem.hint}</p>}
      {step && <p className="problem-step">{step}</p>}
      {problem.unreachable && <Command>anabranch up</Command>}
      {problem.id && <Command>{problem.id}</Command>}
      {onRetry && (
        <div className="row"><button type="button" className="button" onClick={onRetry}>Try again</button></div>
      )}
    </div>
  );
}

function nextStep(problem: Problem): string | null {
  switch (problem.code) {
    case 'unreachable': return 'Start the server in the project’s folder; this page comes back by itself.';
    case 'query_timeout': return 'Ask for less: a filter on a key, fewer columns, or a view that is maintained.';
    case 'overloaded': return problem.retryAfterS !== null
      ? `The server is busy. Come back in ${duration(problem.retryAfterS)}.` : 'The server is busy. Come back in a moment.';
    case 'unavailable': return 'The server is not ready yet: it may still replay the log. Try again in a moment.';
    case 'conflict': return 'Another one is at work. Wait until it ends, then try again.';
    case 'disk_full': return 'Free some space on the disk of the data folder; nothing was acknowledged meanwhile.';
    case 'internal': return problem.id !== null ? 'Our mistake. This id finds it in the server’s log:' : 'Our mistake. The server’s log says more.';
    case 'refused_sql': return 'The box takes one SELECT over catalogue names with allowed functions.';
    default: return null;
  }
}
