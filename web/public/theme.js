// Runs before the first paint, so that a kept choice of theme never flashes the other one.
(function () {
  try {
    var kept = localStorage.getItem('anabranch.theme');
    if (kept === 'light' || kept === 'dark') document.documentElement.dataset.theme = kept;
  } catch (_) {
    // Storage may be switched off: then the system's choice stands.
  }
})();
