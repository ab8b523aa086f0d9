import type { ReactNode } from 'react';
import type { Status, View } from '../../api/types';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { LiveValue } from '../../components/live-value';
import { count, counted, duration, milliseconds, rate } from '../../format/number';
import { verdicts } from './verdicts';

/** The first three questions, answered without a click. */
export function Answers({ status, views }: { status: Status; views: View[] | null }) {
  return (
    <div className="answers">
      <Arriving status={status} />
      <Fresh status={status} />
      <Right views={views} />
    </div>
  );
}

function Answer({ question, figure, unit, children, testId }: {
  question: string;
  figure: ReactNode;
  unit?: string;
  children: ReactNode;
  testId: string;
}) {
  return (
    <section className="answer" data-testid={testId}>
      <h2>{question}</h2>
      <p className="answer-figure">{figure}{unit && <span className="unit"> {unit}</span>}</p>
      <p className="answer-note">{children}</p>
    </section>
  );
}

function Arriving({ status }: { status: Status }) {
  const sum = status.streams.reduce((all, stream) => all + stream.events_per_s, 0);
  const quarantined = status.streams.reduce((all, stream) => all + stream.quarantined, 0);
  const active = status.streams.filter((stream) => stream.events_per_s > 0.05).length;
  return (
    <Answer question="Is data arriving?" figure={<LiveValue testId="rate-total">{rate(sum)}</LiveValue>} unit="events/s" testId="answer-arriving">
      {status.streams.length === 0 ? 'No stream is described yet' : `${count(active)} of ${counted(status.streams.length, 'stream')} active`}
      {quarantined > 0 && <> · <Link href="/quarantine">{count(quarantined)} in quarantine</Link></>}
    </Answer>
  );
}

function Fresh({ status }: { status: Status }) {
  const lag = status.streams.reduce((all, stream) => all + stream.lag_events, 0);
  const p50 = status.freshness_ms?.p50 ?? null;
  const build = status.build ? `build ${duration(status.build.age_s)} old` : 'no build yet';
  return (
    <Answer
      question="How fresh is it?"
      figure={p50 === null ? <span className="answer-idle">idle</span> : <><LiveValue testId="freshness-p50">{milliseconds(p50)}</LiveValue><span className="unit"> p50 · </span><LiveValue testId="freshness-p99">{milliseconds(status.freshness_ms?.p99)}</LiveValue></>}
      unit={p50 === null ? undefined : 'p99'}
      testId="answer-fresh"
    >
      {p50 === null ? 'Nothing arrived in the last minute' : `lag ${counted(lag, 'event')}`} · {build}
    </Answer>
  );
}

function Right({ views }: { views: View[] | null }) {
  if (views === null) {
    return <Answer question="Is it right?" figure={<span className="answer-idle">…</span>} testId="answer-right">Asking for the views</Answer>;
  }
  const { equal, wrong, unchecked, errors } = verdicts(views);
  const tone = wrong > 0 ? 'bad' : equal === views.length && equal > 0 ? 'ok' : 'none';
  return (
    <Answer
      question="Is it right?"
      figure={(
        <span className={`answer-verdict answer-${tone}`} data-testid="verdict" data-tone={tone}>
          {tone === 'ok' && <Icon name="check" />}
          {tone === 'bad' && <Icon name="cross" />}
          {wrong > 0 ? `${count(wrong)} wrong` : `${count(equal)} of ${count(views.length)}`}
        </span>
      )}
      unit={wrong > 0 ? `of ${counted(views.length, 'view')}` : 'checked and equal'}
      testId="answer-right"
    >
      {unchecked > 0 ? `${count(unchecked)} not checked` : views.length === 0 ? 'There is no view yet' : 'Every view was checked'}
      {errors > 0 && <> · <Link href="/views">{counted(errors, 'error')} recorded</Link></>}
    </Answer>
  );
}
