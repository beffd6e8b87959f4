// Builds and updates elements. Strings always become text nodes: a payload can never become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element. Properties are attributes; `class`, `text`, and `on` ({event: listener}) are understood. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'text') node.textContent = value;
    else if (name === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else attribute(node, name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Sets an attribute only when it changes; null and false remove it. */
export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Sets an element's text only when it changes, so that selections and screen readers are left alone. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/**
 * Makes parent's children one element per item, in order. Elements stay with their key, so that focus, scroll and open
 * details survive; make(item) builds one, update(element, item) changes it.
 */
export function list(parent, items, key, make, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = old.get(name);
    if (child) old.delete(name);
    else {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  for (const child of old.values()) child.remove();
}

/** The element below node with this data-part. */
export function part(node, name) {
  return node.querySelector(`[data-part="${name}"]`);
}

/**
 * Shows one figure of /v1/stats: its place there and its exact value stay on the element, so that what the page shows
 * can be compared with `pelton stats --json`.
 */
export function figure(node, place, value, shown, zero = true) {
  attribute(node, 'data-figure', place);
  attribute(node, 'data-value', value);
  if (zero) node.classList.toggle('zero', value === 0);
  text(node, shown);
}
