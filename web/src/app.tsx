import { useCallback, useState } from 'react';
import { KeysHelp } from './components/keys-help';
import { Link } from './components/link';
import { LinkBanner } from './components/link-banner';
import { Nav } from './components/nav';
import { Palette } from './components/palette';
import { StatePanel } from './components/state-panel';
import { BuildsPage } from './pages/builds/builds-page';
import { FlowPage } from './pages/flow/flow-page';
import { QuarantinePage } from './pages/quarantine/quarantine-page';
import { SqlPage } from './pages/sql/sql-page';
import { ViewPage } from './pages/views/view-page';
import { ViewsPage } from './pages/views/views-page';
import { useGlobalKeys } from './state/keys';
import { useLive } from './state/live';
import { usePlace } from './state/router';

type Overlay = 'search' | 'keys' | null;

export function App() {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const { link } = useLive();
  const search = useCallback(() => setOverlay('search'), []);
  const help = useCallback(() => setOverlay('keys'), []);
  const close = useCallback(() => setOverlay(null), []);
  useGlobalKeys({ search, help });
  return (
    <div className="shell" data-link={link}>
      <a className="skip" href="#main">To the content</a>
      <header className="shell-nav"><Nav onSearch={search} onHelp={help} /></header>
      <main id="main" tabIndex={-1} className="shell-main">
        <LinkBanner />
        <Page />
      </main>
      {overlay === 'search' && <Palette onClose={close} onHelp={help} />}
      {overlay === 'keys' && <KeysHelp onClose={close} />}
    </div>
  );
}

function Page() {
  const { path } = usePlace();
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  switch (trimmed) {
    case '/': return <FlowPage />;
    case '/views': return <ViewsPage />;
    case '/sql': return <SqlPage />;
    case '/builds': return <BuildsPage />;
    case '/quarantine': return <QuarantinePage />;
  }
  const view = /^\/views\/([^/]+)$/.exec(trimmed)?.[1];
  // The key gives every view a page of its own: nothing of the last one stays.
  if (view !== undefined) return <ViewPage key={view} name={view} />;
  return (
    <StatePanel kind="empty" title="No such page" actions={<Link className="button" href="/">To the flow</Link>}>
      There is nothing at <code>{path}</code>.
    </StatePanel>
  );
}
