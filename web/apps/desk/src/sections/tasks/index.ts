import { Checked } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Whom somebody must go to after a result: the grid worker's page on a phone, headquarters' on a desk.
export default defineSection({
  name: 'tasks',
  menu: [
    {
      path: '/tasks',
      title: 'tasks.menu',
      icon: Checked,
      group: 'sampling',
      order: 32,
      roles: ['grid_worker', 'headquarters'],
    },
  ],
  routes: [{ path: '/tasks', component: () => import('./TasksPage.vue') }],
  messages,
})
