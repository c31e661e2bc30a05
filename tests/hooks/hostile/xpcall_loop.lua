-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A message handler runs with hooks off: there is no xpcall.

return {
  run = function()
    xpcall(error, function() while true do end end)
  end,
}
