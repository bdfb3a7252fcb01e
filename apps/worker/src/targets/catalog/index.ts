export { ensureEcommerce } from './activate.js';
export { categories } from './categories.js';
export { products, variants } from './products.js';
