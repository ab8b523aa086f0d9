import { useEffect, useState } from 'react';
import { copyText } from '../state/download';
import { Icon } from './icon';

export function CopyButton({ text, label = 'Copy', quiet = false }: { text: string | (() => string); label?: string; quiet?: boolean }) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => setState((await copyText(typeof text === 'string' ? text : text())) ? 'done' : 'failed');
  const word = state === 'done' ? 'Copied' : state === 'failed' ? 'Failed' : label;
  return (
    <button type="button" className={quiet ? 'button button-quiet' : 'button'} onClick={copy} data-testid="copy">
      <Icon name={state === 'done' ? 'check' : 'copy'} />
      <span className="stack">
        <span aria-live="polite">{word}</span>
        <span className="stack-ghost" aria-hidden="true">Copied</span>
      </span>
    </button>
  );
}
