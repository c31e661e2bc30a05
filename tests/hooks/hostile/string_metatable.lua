-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Changes what all texts are.

return {
  run = function()
    getmetatable("").__index = function() return "x" end
  end,
}
