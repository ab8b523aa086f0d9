import { places } from '../state/keys';
import { Dialog } from './dialog';

const others: [string[], string][] = [
  [['/'], 'Search views, pages and actions'],
  [['?'], 'Show these keys'],
  [['Esc'], 'Close what is open'],
  [['Ctrl', 'Enter'], 'Run the statement (⌘ Enter on a Mac)'],
  [['↑', '↓', '←', '→'], 'Move in a table'],
  [['Enter'], 'Open the whole value of a cell'],
  [['Ctrl', 'C'], 'Copy the value of a cell'],
];

export function KeysHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} testId="keys-help">
      <dl className="keys">
        {places.map((place) => <Keys key={place.key} keys={['g', place.key]} meaning={`Go to ${place.name}`} />)}
        {others.map(([keys, meaning]) => <Keys key={meaning} keys={keys} meaning={meaning} />)}
      </dl>
    </Dialog>
  );
}

function Keys({ keys, meaning }: { keys: string[]; meaning: string }) {
  return (
    <div>
      <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
      <dd>{meaning}</dd>
    </div>
  );
}
