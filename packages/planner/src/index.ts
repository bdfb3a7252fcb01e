export { enabledResources, goesThisWay, groupOf } from './enabled-resources.js';
export { type Effort, quick, thorough } from './effort.js';
export {
  COUNTED,
  type Counted,
  type Plan,
  type PlannedLane,
  type PlannedResource,
  planSchema,
  type Quota,
  readPlan,
} from './plan.js';
export { type PlanRequest, planRun } from './plan-run.js';
export { OWN_LIST, profileRulesOf } from './profile-facts.js';
export { resourcesPage } from './resources-page.js';
