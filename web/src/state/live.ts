// What the server is doing now: server-sent events while they flow, asking /v1/status when they do not.

import { useSyncExternalStore } from 'react';
import { api } from '../api/client';
import { parseExact } from '../api/exact-json';
import { asProblem, type Problem } from '../api/problem';
import { completeStatus } from '../api/status';
import type { Status } from '../api/types';
import { Paced } from './paced';

/** live: events arrive · polling: asked every 2 s · stale: what is shown may be old. */
export type LinkState = 'connecting' | 'live' | 'polling' | 'stale';

export interface Live {
  link: LinkState;
  status: Status | null;
  /** When the newest status arrived, in ms since 1970. */
  at: number | null;
  problem: Problem | null;
  /** Events a second of each stream, one sample a second, newest last. */
  rates: Record<string, number[]>;
  /** Goes up when a build starts or ends. */
  buildChanges: number;
}

const updateMs = 250;
const pollMs = 2000;
const silenceMs = 5000;
const samples = 60;

class LiveFeed {
  private live: Live = { link: 'connecting', status: null, at: null, problem: null, rates: {}, buildChanges: 0 };
  private readonly listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private retryMs = 1000;
  private polling = false;
  private lastPoll = 0;
  private lastSample = 0;
  private started = false;
  /** The stream of events failed since it last spoke. */
  private broken = false;
  private openedAt = 0;
  private readonly paced = new Paced<Live>(updateMs, (live) => {
    this.live = live;
    for (const listener of this.listeners) listener();
  });
  private next: Live = this.live;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.start();
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Live => this.live;

  /** Asks now, for a reader who pressed "Try again". */
  readonly retry = (): void => {
    this.open();
    void this.poll();
  };

  private start(): void {
    if (this.started) return;
    this.started = true;
    this.open();
    void this.poll();
    setInterval(() => this.watch(), 500);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.watch();
    });
  }

  private open(): void {
    this.source?.close();
    this.openedAt = Date.now();
    const source = new EventSource('/v1/updates');
    this.source = source;
    source.addEventListener('status', (event) => {
      this.retryMs = 1000;
      this.broken = false;
      this.take(parseExact((event as MessageEvent<string>).data) as Partial<Status>, 'live');
    });
    source.addEventListener('builds', () => this.change({ buildChanges: this.next.buildChanges + 1 }));
    source.onerror = () => {
      this.broken = true;
      // The browser tries again by itself, except after an answer that was not a stream of events.
      if (source.readyState !== EventSource.CLOSED) return;
      source.close();
      if (this.source === source) setTimeout(() => this.source === source && this.open(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, 10_000);
    };
  }

  /** Silence is normal when nothing changes, so it only leads to a question. */
  private watch(): void {
    const now = Date.now();
    const connected = this.source?.readyState === EventSource.OPEN;
    const silent = this.next.at === null || now - this.next.at > (connected ? silenceMs : pollMs);
    if (silent && now - this.lastPoll > pollMs) void this.poll();
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    this.lastPoll = Date.now();
    try {
      const status = await api.status({ signal: AbortSignal.timeout(4000) });
      this.take(status, this.linkAfterPoll());
    } catch (error) {
      const problem = asProblem(error);
      this.change({ link: 'stale', problem });
    } finally {
      this.polling = false;
    }
  }

  private linkAfterPoll(): LinkState {
    if (this.source?.readyState === EventSource.OPEN) return 'live';
    return this.broken || Date.now() - this.openedAt > silenceMs ? 'polling' : 'connecting';
  }

  private take(raw: Partial<Status>, link: LinkState): void {
    const status = completeStatus(raw);
    const at = Date.now();
    const buildEnded =
      this.next.status !== null &&
      (this.next.status.running_build?.id !== status.running_build?.id || this.next.status.build?.id !== status.build?.id);
    this.change({
      status,
      at,
      link,
      problem: null,
      rates: this.sampled(status, at),
      buildChanges: this.next.buildChanges + (buildEnded ? 1 : 0),
    });
  }

  private sampled(status: Status, at: number): Record<string, number[]> {
    if (at - this.lastSample < 1000) return this.next.rates;
    this.lastSample = at;
    const rates: Record<string, number[]> = {};
    for (const stream of status.streams) {
      rates[stream.name] = [...(this.next.rates[stream.name] ?? []), stream.events_per_s].slice(-samples);
    }
    return rates;
  }

  private change(part: Partial<Live>): void {
    this.next = { ...this.next, ...part };
    this.paced.push(this.next);
  }
}

const feed = new LiveFeed();

export function useLive(): Live {
  return useSyncExternalStore(feed.subscribe, feed.snapshot);
}

export const retryLive = feed.retry;
