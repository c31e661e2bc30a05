-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A __pairs that is called, and gives itself.

return {
  run = function()
    for _ in (function() return 1 end) do end
  end,
}
