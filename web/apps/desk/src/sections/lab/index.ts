import { AlarmClock, Box, Clock as Waiting, DataLine, EditPen, Finished, Grid, QuestionFilled, Share } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

const roles = ['lab_entry', 'lab_release', 'headquarters'] as const
const entry = ['lab_entry'] as const

// Laboratories: from the box at the door to the released result and what it sets off.
export default defineSection({
  name: 'lab',
  menu: [
    { path: '/lab', title: 'lab.menu.overview', icon: DataLine, group: 'lab', order: 10, roles },
    { path: '/lab/reception', title: 'lab.menu.reception', icon: Box, group: 'lab', order: 20, roles: entry },
    { path: '/lab/holds', title: 'lab.menu.holds', icon: QuestionFilled, group: 'lab', order: 30, roles: entry },
    { path: '/lab/queue', title: 'lab.menu.queue', icon: Waiting, group: 'lab', order: 35, roles: entry },
    { path: '/lab/runs', title: 'lab.menu.runs', icon: Grid, group: 'lab', order: 40, roles: entry },
    { path: '/lab/results', title: 'lab.menu.results', icon: EditPen, group: 'lab', order: 50, roles: entry },
    { path: '/lab/release', title: 'lab.menu.release', icon: Finished, group: 'lab', order: 60, roles: ['lab_release'] },
    { path: '/lab/follow-ups', title: 'lab.menu.followUps', icon: Share, group: 'lab', order: 70, roles },
    { path: '/lab/clocks', title: 'lab.menu.clocks', icon: AlarmClock, group: 'lab', order: 80, roles: [...roles, 'site_lead'] },
  ],
  routes: [
    { path: '/lab', component: () => import('./OverviewPage.vue') },
    { path: '/lab/clocks', component: () => import('./ClocksPage.vue') },
    { path: '/lab/follow-ups', component: () => import('./FollowUpsPage.vue') },
    { path: '/lab/holds', component: () => import('./HoldsPage.vue') },
    { path: '/lab/queue', component: () => import('./QueuePage.vue') },
    { path: '/lab/reception', component: () => import('./ReceptionPage.vue') },
    { path: '/lab/release', component: () => import('./ReleasePage.vue') },
    { path: '/lab/results', component: () => import('./ResultsPage.vue') },
    { path: '/lab/runs', component: () => import('./RunsPage.vue') },
    { path: '/lab/runs/:id', component: () => import('./PlatePage.vue'), props: true },
  ],
  messages,
})
