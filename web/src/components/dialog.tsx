import { type ReactNode, useEffect, useRef } from 'react';
import { Icon } from './icon';

/** A modal dialog of the browser: it keeps the focus, Esc closes it, and so does a click beside it. */
export function Dialog({ title, onClose, children, className = '', bare = false, testId }: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
  bare?: boolean;
  testId?: string;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-label={title}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-inner">
        {!bare && (
          <header className="dialog-head">
            <h2>{title}</h2>
            <button type="button" className="button button-quiet button-icon" aria-label="Close" onClick={onClose}>
              <Icon name="cross" />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}
