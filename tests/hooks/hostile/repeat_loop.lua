-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A loop with a pcall in its condition.

return {
  run = function()
    repeat until pcall(error)
    repeat until not pcall(function() return 1 end)
  end,
}
