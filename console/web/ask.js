// Asks before something is done: a dialog that says what will happen, takes a reason, and shows how it went.

import * as client from './client.js';
import { el, part, text } from './dom.js';

let me = { auth: false, name: '', scopes: [] };

/** Who is at this page; without log-in it is a name that they give. */
export async function identify() {
  me = await client.me();
  return me;
}

/** Whether the wheel lets them: without log-in everybody may. */
export const may = (scope) => !me.auth || me.scopes.includes(scope);

const remembered = 'pelton.who';

/**
 * Opens a dialog and resolves when it is closed. title and action are words; body are elements above the reason; look()
 * resolves to words or elements about what will happen, before it does; run({who, why}) does it and resolves to words
 * about how it went, or null to close at once. What it throws is shown, and the dialog stays. why false asks no reason.
 */
export function ask({ title, action, danger = false, why = true, body = [], look, run }) {
  const at = (name) => ({ 'data-part': name });
  const id = `ask-${Math.random().toString(36).slice(2)}`;
  const dialog = el('dialog', { class: 'ask', 'aria-labelledby': id },
    el('form', { on: { submit: (event) => event.preventDefault() } },
      el('h2', { id, text: title }),
      el('div', { class: 'body', ...at('body') }, body),
      el('div', { class: 'look', role: 'status', ...at('look') }),
      !why ? null : el('label', {}, el('span', { text: 'Why' }), el('input', { name: 'why', required: '', maxlength: 500, autocomplete: 'off', placeholder: 'It is kept in the history and in the audit log' })),
      me.auth || !why ? null : el('label', {}, el('span', { text: 'Your name' }), el('input', { name: 'who', required: '', maxlength: 100, autocomplete: 'username', value: recall() })),
      el('div', { class: 'went', role: 'alert', ...at('went') }),
      el('div', { class: 'ends' },
        el('button', { type: 'button', text: 'Cancel', on: { click: () => dialog.close() }, ...at('cancel') }),
        el('button', { class: danger ? 'danger' : 'main', text: action, ...at('go') }))));
  document.body.append(dialog);
  dialog.querySelector('form').addEventListener('submit', () => go(dialog, run));
  dialog.addEventListener('input', () => dialog.dataset.busy || part(dialog, 'went').replaceChildren()); // what was wrong is being mended
  const done = new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.dataset.done === 'true' || dialog.dataset.busy === 'true');
    });
  });
  dialog.showModal();
  if (look) {
    preview(dialog, look);
    part(dialog, 'body').addEventListener('change', () => preview(dialog, look)); // another choice, another outcome
  }
  return done;
}

const recall = () => {
  try {
    return localStorage.getItem(remembered) ?? '';
  } catch {
    return '';
  }
};

function remember(who) {
  try {
    if (who) localStorage.setItem(remembered, who);
  } catch {
    // A browser that keeps nothing asks for the name each time.
  }
}

/** Says what would happen; until it is known, and if it cannot happen, it cannot be done. */
async function preview(dialog, look) {
  const go = part(dialog, 'go');
  go.disabled = true;
  text(part(dialog, 'look'), 'Asking what would happen …');
  try {
    const { ready, words } = await look();
    part(dialog, 'look').replaceChildren(...[words].flat());
    go.disabled = !ready;
  } catch (error) {
    text(part(dialog, 'look'), error.message);
  }
}

async function go(dialog, run) {
  const form = dialog.querySelector('form');
  const [button, cancel, went] = ['go', 'cancel', 'went'].map((name) => part(dialog, name));
  if (dialog.dataset.done === 'true') return dialog.close();
  const who = form.elements.who?.value.trim() ?? '';
  remember(who);
  const words = button.textContent;
  text(cancel, 'Leave it to go on');
  Object.assign(dialog.dataset, { busy: 'true' });
  button.disabled = true;
  text(button, 'Under way …');
  went.replaceChildren();
  try {
    const said = await run({ who, why: form.elements.why?.value.trim() ?? '' }, went);
    dialog.dataset.done = 'true';
    if (said === null) return dialog.close();
    went.replaceChildren(...[said].flat());
    part(dialog, 'body').hidden = part(dialog, 'look').hidden = true;
    for (const label of form.querySelectorAll(':scope > label')) label.hidden = true;
    cancel.hidden = true;
    text(button, 'Close');
    button.className = 'main';
  } catch (error) {
    went.replaceChildren(el('p', { class: 'bad', text: error.message }));
    text(button, words);
    text(cancel, 'Cancel');
  } finally {
    delete dialog.dataset.busy;
    button.disabled = false;
    button.focus();
  }
}
