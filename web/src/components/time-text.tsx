import { ago, bothZones, parseTime, utcShort } from '../format/time';
import { useNow } from '../state/clock';

/** A time with its zone; hovering shows it local and in UTC. */
export function TimeText({ at, relative = false }: { at: string | null | undefined; relative?: boolean }) {
  const now = useNow();
  const date = parseTime(at);
  if (date === null) return <span className="quiet">–</span>;
  return (
    <time dateTime={date.toISOString()} title={bothZones(date)} className="time">
      {relative ? ago(date, now) : utcShort(date, new Date(now))}
    </time>
  );
}
