import { Chip } from '../../components/chip';

export function AnsweredChip({ maintained }: { maintained: boolean }) {
  return maintained
    ? <Chip tone="speed" icon="flow" title="Kept up to date on every event, before it is asked for">maintained</Chip>
    : <Chip tone="info" icon="clock" title="Recomputed when it is read">read time</Chip>;
}
