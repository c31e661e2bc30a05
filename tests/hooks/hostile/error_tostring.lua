-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- An error whose words never come.

return {
  run = function()
    error(setmetatable({}, { __tostring = function() while true do end end }))
  end,
}
