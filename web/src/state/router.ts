// History-API routing in a page of five places: a path, its parameters, and one way to change them.

import { useMemo, useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

function emit(): void {
  for (const listener of listeners) listener();
}

window.addEventListener('popstate', emit);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const here = () => window.location.pathname + window.location.search;

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === here()) return;
  const samePath = to.split('?')[0] === window.location.pathname;
  window.history[options.replace ? 'replaceState' : 'pushState'](null, '', to);
  emit();
  if (!samePath) {
    window.scrollTo(0, 0);
    // A reader of the screen hears the new page from its top.
    requestAnimationFrame(() => document.getElementById('main')?.focus({ preventScroll: true }));
  }
}

export interface Place {
  path: string;
  params: URLSearchParams;
}

export function usePlace(): Place {
  const url = useSyncExternalStore(subscribe, here);
  return useMemo(() => {
    const [path = '/', query = ''] = url.split('?');
    return { path: decodeURI(path), params: new URLSearchParams(query) };
  }, [url]);
}

/** Changes some parameters of the present place; null or '' takes one away. */
export function setParams(changes: Record<string, string | null>, options: { push?: boolean } = {}): void {
  const params = new URLSearchParams(window.location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(key);
    else params.set(key, value);
  }
  const query = params.toString();
  navigate(window.location.pathname + (query ? `?${query}` : ''), { replace: !options.push });
}

export const viewPath = (name: string) => `/views/${encodeURIComponent(name)}`;
export const sqlPath = (sql: string) => `/sql?q=${encodeURIComponent(sql)}`;
