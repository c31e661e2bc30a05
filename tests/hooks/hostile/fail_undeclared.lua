-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A failure that the hook did not declare.

return {
  run = function()
    return fail("surprise")
  end,
}
