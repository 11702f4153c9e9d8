Feature: Who works at the till
  Cashiers come and go, and each must be known by his own number: the slip names who took the money.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @OPR-006
  Scenario: A new cashier chooses a password of his own before he sells
    When operator "00" adds operator "05" at "T1"
    And operator "05" types password "0000" at "T1"
    And "6284" is chosen as the new password at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows OPERATOR_ADDED
    And "T1" shows WEAK_PASSWORD
    And "T1" shows PASSWORD_CHANGED
    And "T1" shows APPROVED
    And the customer copy of "T1" has
      | line          | value |
      | SLIP_OPERATOR | 05    |

  @OPR-006
  Scenario: Nobody sells with the password that the till was delivered with
    Given operator "00" adds operator "05" at "T1"
    When operator "05" types password "0000" at "T1"
    And Bob swipes 10.00 CNY at "T1"
    Then "T1" shows WEAK_PASSWORD
    And "T1" is logged out
    And no message went to the host

  @OPR-007
  Scenario Outline: <who> takes on no colleague
    When operator "<number>" adds operator "05" at "T1" with password "6284"
    And operator "05" types password "6284" at "T1"
    Then "T1" shows NOT_ALLOWED
    And "T1" shows WRONG_PASSWORD

    Examples:
      | number | who       |
      | 01     | A cashier |

  @OPR-007
  Scenario: A cashier removes no colleague
    When operator "01" removes operator "02" at "T1"
    And operator "02" logs in at "T1"
    Then "T1" shows NOT_ALLOWED
    And "T1" is ready

  @OPR-008
  Scenario: Who was removed does not come back when the till starts again
    When operator "00" removes operator "02" at "T1"
    And "T1" starts again
    And operator "02" logs in at "T1"
    Then "T1" shows OPERATOR_REMOVED
    And "T1" shows WRONG_PASSWORD
    And "T1" is logged out

  @OPR-008
  Scenario: Pulling the plug unlocks nobody
    Given operator "02" logs in at "T1" with a wrong password 3 times
    When "T1" starts again
    And operator "02" logs in at "T1"
    Then "T1" shows OPERATOR_LOCKED
    And "T1" is logged out

  @OPR-009
  Scenario: A password is nowhere written as it is
    When operator "99" changes the password at "T1" to "60417295"
    And operator "99" types password "60417295" at "T1"
    Then "T1" shows PASSWORD_CHANGED
    And "T1" is ready
    And no output holds the password "60417295"

  @OPR-010
  Scenario: After a change of shift the slip names who is there now
    Given Bob has paid 10.00 CNY at "T1"
    And operator "02" logs in at "T1"
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line          | value |
      | SLIP_OPERATOR | 02    |

  @OPR-010
  Scenario: And so does the sign-in
    Given Bob has paid 10.00 CNY at "T1"
    And operator "02" logs in at "T1"
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And the 2nd sign-in carries
      | field    | value |
      | operator | 002   |

  @OPR-015
  Scenario Outline: The password of <whose> has its own length
    When operator "<number>" changes the password at "T1" to "<password>"
    Then "T1" shows <screen>

    Examples:
      | number | whose             | password | screen           |
      | 00     | the supervisor    | 7392     | WEAK_PASSWORD    |
      | 00     | the supervisor    | 739251   | PASSWORD_CHANGED |
      | 99     | the administrator | 739251   | WEAK_PASSWORD    |
      | 99     | the administrator | 73925168 | PASSWORD_CHANGED |
