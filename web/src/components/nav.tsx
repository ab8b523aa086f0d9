import { useLive } from '../state/live';
import { places } from '../state/keys';
import { usePlace } from '../state/router';
import { toggleTheme, useTheme } from '../state/theme';
import { Icon, type IconName, Mark } from './icon';
import { Link } from './link';
import { LinkChip } from './link-chip';

const icons: IconName[] = ['flow', 'views', 'sql', 'builds', 'quarantine'];

export function Nav({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const { path } = usePlace();
  const { status } = useLive();
  const { shown } = useTheme();
  const here = (place: string) => (place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`));
  return (
    <div className="nav">
      <div className="nav-head">
        <Link href="/" className="nav-brand" aria-label="Anabranch, to the flow">
          <Mark />
          <span className="nav-wide">
            <b>Anabranch</b>
            <span className="nav-project" data-testid="project">{status?.project || ' '}</span>
          </span>
        </Link>
      </div>
      <button type="button" className="nav-search" onClick={onSearch} data-testid="search" aria-label="Search" aria-keyshortcuts="/">
        <Icon name="search" />
        <span className="nav-wide">Search</span>
        <kbd className="nav-wide">/</kbd>
      </button>
      <nav aria-label="Pages" className="nav-pages">
        <ul>
          {places.map((place, i) => (
            <li key={place.path}>
              <Link
                href={place.path}
                className="nav-link"
                aria-current={here(place.path) ? 'page' : undefined}
                data-testid={`nav-${place.name.toLowerCase()}`}
                title={`${place.name} (g ${place.key})`}
              >
                <Icon name={icons[i] ?? 'flow'} />
                <span className="nav-name">{place.name}</span>
                <kbd className="nav-wide" aria-hidden="true">g {place.key}</kbd>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="nav-foot">
        <LinkChip />
        <div className="nav-tools">
          <button
            type="button"
            className="button button-quiet button-icon"
            onClick={toggleTheme}
            data-testid="theme-toggle"
            aria-label={shown === 'dark' ? 'Switch to light' : 'Switch to dark'}
            title={shown === 'dark' ? 'Switch to light' : 'Switch to dark'}
          >
            <Icon name={shown === 'dark' ? 'sun' : 'moon'} />
          </button>
          <button type="button" className="button button-quiet button-icon nav-keys" onClick={onHelp} aria-label="Show the keys" title="Keys (?)" data-testid="keys-button">
            <Icon name="keys" />
          </button>
          {status && <span className="nav-version nav-wide" title="Version of the server">{status.version}</span>}
        </div>
      </div>
    </div>
  );
}
