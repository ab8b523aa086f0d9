import { useEffect, useMemo, useRef, useState } from 'react';
import { useLive } from '../state/live';
import { places } from '../state/keys';
import { navigate, viewPath } from '../state/router';
import { toggleTheme } from '../state/theme';
import { useViews } from '../state/views';
import { Dialog } from './dialog';
import { Icon, type IconName } from './icon';
import { match } from './match';

interface Entry {
  id: string;
  name: string;
  note: string;
  icon: IconName;
  keys?: string;
  go: () => void;
}

const shown = 12;

/** Search: jumps to a page, a view, a stream's quarantine, or does one of a few things. */
export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { views } = useViews();
  const { status } = useLive();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);

  const streams = status?.streams.map((stream) => stream.name).join('\n') ?? '';
  const entries = useMemo<Entry[]>(() => {
    const icons: Record<string, IconName> = { '/': 'flow', '/views': 'views', '/sql': 'sql', '/builds': 'builds', '/quarantine': 'quarantine' };
    return [
      ...places.map((place) => ({
        id: place.path, name: place.name, note: 'page', icon: icons[place.path] ?? 'flow', keys: `g ${place.key}`,
        go: () => navigate(place.path),
      })),
      ...(views ?? []).map((view) => ({
        id: view.name, name: view.name, note: view.description || view.class.replace('_', ' '), icon: 'table' as const,
        go: () => navigate(viewPath(view.name)),
      })),
      ...streams.split('\n').filter(Boolean).map((stream) => ({
        id: `stream ${stream}`, name: stream, note: 'stream · its quarantine', icon: 'log' as const,
        go: () => navigate(`/quarantine?stream=${encodeURIComponent(stream)}`),
      })),
      { id: 'theme', name: 'Switch between light and dark', note: 'action', icon: 'sun' as const, go: toggleTheme },
      { id: 'keys', name: 'Show the keys', note: 'action', icon: 'keys' as const, keys: '?', go: onHelp },
    ];
  }, [views, streams, onHelp]);

  const found = useMemo(
    () =>
      entries
        .map((entry) => ({ entry, fit: match(text, entry.name) ?? offset(match(text, entry.note)) }))
        .filter((each): each is { entry: Entry; fit: number } => each.fit !== null)
        .sort((a, b) => a.fit - b.fit)
        .slice(0, shown)
        .map((each) => each.entry),
    [entries, text],
  );
  const current = Math.min(at, found.length - 1);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [current]);

  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.go();
  };

  return (
    <Dialog title="Search" onClose={onClose} className="palette" bare testId="palette">
      <div className="palette-input">
        <Icon name="search" />
        <input
          autoFocus
          type="text"
          role="combobox"
          aria-label="Search views, pages and actions"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found[current] ? `palette-${current}` : undefined}
          placeholder="Search views, pages and actions"
          data-testid="palette-input"
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setAt((current + 1) % Math.max(1, found.length));
            else if (event.key === 'ArrowUp') setAt((current - 1 + found.length) % Math.max(1, found.length));
            else if (event.key === 'Enter') choose(found[current]);
            else return;
            event.preventDefault();
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <ul id="palette-list" role="listbox" aria-label="Found" ref={list} className="palette-list">
        {found.map((entry, i) => (
          <li
            key={entry.id}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === current}
            data-testid="palette-entry"
            onMouseMove={() => setAt(i)}
            onClick={() => choose(entry)}
          >
            <Icon name={entry.icon} />
            <span className="palette-name">{entry.name}</span>
            <span className="palette-note">{entry.note}</span>
            {entry.keys && <span className="palette-keys">{entry.keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="palette-none">Nothing is called “{text}”. Try a view’s name or a page.</p>}
    </Dialog>
  );
}

/** A fit in the note counts less than any fit in the name. */
function offset(fit: number | null): number | null {
  return fit === null ? null : fit + 10;
}
