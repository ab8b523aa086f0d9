// Keys that work everywhere, except while someone types.

import { useEffect, useRef } from 'react';
import { navigate } from './router';

export const places = [
  { key: 'f', path: '/', name: 'Flow' },
  { key: 'v', path: '/views', name: 'Views' },
  { key: 's', path: '/sql', name: 'SQL' },
  { key: 'b', path: '/builds', name: 'Builds' },
  { key: 'q', path: '/quarantine', name: 'Quarantine' },
] as const;

const chordMs = 1200;

export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function useGlobalKeys(handlers: { search: () => void; help: () => void }): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let wentAt = -Infinity;
    const onKey = (event: KeyboardEvent) => {
      const palette = (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k';
      if (palette) {
        event.preventDefault();
        latest.current.search();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const now = performance.now();
      if (now - wentAt < chordMs) {
        wentAt = -Infinity;
        const place = places.find((candidate) => candidate.key === event.key.toLowerCase());
        if (place) {
          event.preventDefault();
          navigate(place.path);
          return;
        }
      }
      if (event.key === 'g') wentAt = now;
      else if (event.key === '/') {
        event.preventDefault();
        latest.current.search();
      } else if (event.key === '?') {
        event.preventDefault();
        latest.current.help();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
