import type { Answer } from '../api/types';
import { counted, milliseconds } from '../format/number';
import { offsetsByStream } from '../format/offset';
import { LiveValue } from './live-value';

/** What an answer includes: rows, the offsets it was read at, its build and epoch, and how long it took. */
export function AnswerFacts({ answer }: { answer: Answer }) {
  return (
    <dl className="answer-facts" data-testid="answer-facts">
      <div><dt>rows</dt><dd>{counted(answer.rows.length, 'row')}</dd></div>
      {answer.elapsed_ms !== undefined && <div><dt>elapsed</dt><dd data-testid="elapsed">{milliseconds(answer.elapsed_ms)}</dd></div>}
      <div title="Events before these offsets are included"><dt>offsets</dt><dd><LiveValue className="mono" testId="answer-offsets">{offsetsByStream(answer.offsets)}</LiveValue></dd></div>
      <div><dt>build</dt><dd><code>{answer.build ?? 'none'}</code></dd></div>
      {answer.epoch !== undefined && <div><dt>epoch</dt><dd className="mono">{answer.epoch}</dd></div>}
    </dl>
  );
}
