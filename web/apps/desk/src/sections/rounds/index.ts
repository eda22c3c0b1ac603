import { Calendar, Finished, Guide } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

const roles = ['headquarters', 'administrator'] as const

// Rounds: planned, opened with a frozen list, ended; exemptions; the planner's arithmetic.
export default defineSection({
  name: 'rounds',
  menu: [
    { path: '/rounds', title: 'rounds.menu', icon: Calendar, group: 'command', order: 20, roles },
    { path: '/planner', title: 'rounds.planner.menu', icon: Guide, group: 'command', order: 30, roles },
    { path: '/exemptions', title: 'rounds.exemptions.menu', icon: Finished, group: 'command', order: 40, roles },
  ],
  routes: [
    { path: '/rounds', component: () => import('./RoundsPage.vue') },
    { path: '/rounds/:id', component: () => import('./RoundPage.vue'), props: true },
    { path: '/planner', component: () => import('./PlannerPage.vue') },
    { path: '/exemptions', component: () => import('./ExemptionsPage.vue') },
  ],
  messages,
})
