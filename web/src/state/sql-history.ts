// The statements that were run, newest first, kept in the browser.

import { useSyncExternalStore } from 'react';

export interface PastQuery {
  sql: string;
  at: number;
}

const key = 'anabranch.sql-history';
const limit = 50;
let kept: PastQuery[] = read();
const listeners = new Set<() => void>();

function read(): PastQuery[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(value) ? (value as PastQuery[]).filter((past) => typeof past?.sql === 'string') : [];
  } catch {
    return [];
  }
}

function keep(history: PastQuery[]): void {
  kept = history;
  try {
    localStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Storage is off or full: the history lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

export function remember(history: PastQuery[], sql: string, at: number): PastQuery[] {
  return [{ sql, at }, ...history.filter((past) => past.sql !== sql)].slice(0, limit);
}

export const rememberQuery = (sql: string) => keep(remember(kept, sql, Date.now()));
export const forgetQueries = () => keep([]);

export function useSqlHistory(): PastQuery[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => kept,
  );
}
