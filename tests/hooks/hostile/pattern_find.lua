-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A pattern that backtracks for ever in C.

return {
  run = function()
    return (("a"):rep(10000):find(".-.-.-.-b$"))
  end,
}
