import { useCallback } from 'react';
import { api } from '../../api/client';
import { readSignature } from '../../api/status';
import type { ViewDetail } from '../../api/types';
import { Icon } from '../../components/icon';
import { Link } from '../../components/link';
import { PageHead } from '../../components/page-head';
import { ProblemView } from '../../components/problem-view';
import { Skeleton, StatePanel } from '../../components/state-panel';
import { VerifyChip } from '../../components/verify-chip';
import { TimeText } from '../../components/time-text';
import { count } from '../../format/number';
import { useLive } from '../../state/live';
import { useResource } from '../../state/resource';
import { setParams, sqlPath, usePlace } from '../../state/router';
import { useTask } from '../../state/task';
import { useTitle } from '../../state/title';
import { AnsweredChip } from './answered-chip';
import { classMeaning, classWord } from './class-words';
import { Definition } from './definition';
import { ErrorsTab } from './errors-tab';
import { ResultTab } from './result-tab';
import { Verdicts } from './verdict-view';

const tabs = [['', 'Result'], ['definition', 'Definition'], ['errors', 'Errors']] as const;

export function ViewPage({ name }: { name: string }) {
  useTitle(name);
  const { params } = usePlace();
  const { status, buildChanges } = useLive();
  const tab = params.get('tab') ?? '';
  const record = useResource<ViewDetail>(`view ${name}`, (signal) => api.view(name, { signal }), {
    trigger: `${status?.epoch ?? ''} ${buildChanges} ${readSignature(status)}`,
    everyMs: 3000,
  });
  const reload = record.reload;
  const verify = useTask(useCallback(async () => {
    const results = await api.verify([name]);
    reload();
    return results;
  }, [name, reload]));

  if (record.data === null) {
    if (record.problem?.code === 'unknown_view' || record.problem?.code === 'not_found') {
      return (
        <StatePanel kind="empty" title="No such view" testId="no-view" actions={<Link className="button" href="/views">All views</Link>}>
          Nothing is called <code>{name}</code>. It may have been renamed.
        </StatePanel>
      );
    }
    return record.problem
      ? <ProblemView problem={record.problem} onRetry={reload} />
      : <><PageHead title={name} mono /><Skeleton rows={8} label="Loading the view" /></>;
  }
  const view = record.data;
  return (
    <>
      <PageHead
        title={view.name}
        mono
        lead={view.description}
        actions={(
          <>
            <Link className="button" href={sqlPath(`SELECT *\nFROM ${view.name}\nLIMIT 100`)}><Icon name="sql" />Open in SQL</Link>
            <button type="button" className="button" disabled={verify.busy} onClick={() => void verify.run()} data-testid="verify-view">
              <Icon name="verify" />{verify.busy ? 'Checking' : 'Verify'}
            </button>
          </>
        )}
      />
      <dl className="strip" data-testid="view-facts">
        <div><dt>Class</dt><dd title={classMeaning(view.class)}>{classWord(view.class)}</dd></div>
        <div><dt>Answered</dt><dd><AnsweredChip maintained={view.maintained} /></dd></div>
        <div><dt>Build rows</dt><dd className="figures">{count(view.build_rows)}</dd></div>
        <div><dt>Slice rows</dt><dd className="figures">{count(view.slice_rows)}</dd></div>
        <div>
          <dt>Last verify</dt>
          <dd className="row-tight">
            <VerifyChip verify={view.last_verify} />
            {view.last_verify && <span className="quiet"><TimeText at={view.last_verify.at} relative /></span>}
          </dd>
        </div>
        <div>
          <dt>Reads</dt>
          <dd className="row-tight">
            {view.depends_on?.length > 0
              ? view.depends_on.map((each) => (/^(silver|gold)\./.test(each)
                  ? <Link key={each} className="mono" href={`/views/${encodeURIComponent(each)}`}>{each}</Link>
                  : <span key={each} className="mono">{each}</span>))
              : '–'}
          </dd>
        </div>
      </dl>
      {verify.problem && <ProblemView problem={verify.problem} />}
      {verify.result && <Verdicts verdicts={verify.result} onClose={verify.clear} />}
      <div className="tabs" role="tablist" aria-label="About this view">
        {tabs.map(([key, word]) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`tab-${key || 'result'}`}
            aria-selected={tab === key}
            aria-controls="tab-panel"
            tabIndex={tab === key ? 0 : -1}
            data-testid={`tab-${key || 'result'}`}
            onClick={() => setParams({ tab: key }, { push: true })}
            onKeyDown={(event) => {
              const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
              if (step === 0) return;
              const at = tabs.findIndex(([each]) => each === key);
              const next = tabs[(at + step + tabs.length) % tabs.length]?.[0] ?? '';
              setParams({ tab: next });
              document.getElementById(`tab-${next || 'result'}`)?.focus();
            }}
          >
            {word}{key === 'errors' && view.errors > 0 && <span className="tab-count">{count(view.errors)}</span>}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab || 'result'}`}>
        {tab === 'definition' ? <Definition view={view} /> : tab === 'errors' ? <ErrorsTab view={view} /> : <ResultTab view={view} />}
      </div>
    </>
  );
}
