-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- The same by gsub.

return {
  run = function()
    return (("a"):rep(10000):gsub(".-.-.-.-b$", ""))
  end,
}
