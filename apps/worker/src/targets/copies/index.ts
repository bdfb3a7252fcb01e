export { campaigns } from './campaigns.js';
export { templates } from './templates.js';
