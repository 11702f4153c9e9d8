Feature: Operators of a till
  Cashiers sell, the supervisor helps, the administrator sets up. Guessing a password must lead nowhere.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @SIG-007
  Scenario: A wrong password lets nobody in
    When operator "02" logs in at "T1" with a wrong password
    Then "T1" shows WRONG_PASSWORD
    And "T1" is logged out

  @SIG-007
  Scenario: The right password lets the operator in after two wrong ones
    Given operator "02" logs in at "T1" with a wrong password 2 times
    When operator "02" logs in at "T1"
    Then "T1" is ready

  @SIG-007
  Scenario: Three wrong passwords lock the operator, and then the right one does not help
    Given operator "02" logs in at "T1" with a wrong password 3 times
    When operator "02" logs in at "T1"
    Then "T1" shows OPERATOR_LOCKED
    And "T1" is logged out

  @SIG-007
  Scenario: The supervisor unlocks a locked operator
    Given operator "02" logs in at "T1" with a wrong password 3 times
    And operator "00" unlocks operator "02" at "T1"
    When operator "02" logs in at "T1"
    Then "T1" is ready

  @SIG-008
  Scenario Outline: A password that anybody would guess is refused: <why>
    When operator "01" changes the password at "T1" to "<password>"
    Then "T1" shows WEAK_PASSWORD

    Examples:
      | password | why       |
      | 0000     | one digit |
      | 1234     | a row     |
      | 12       | too short |

  @SIG-008
  Scenario: A good new password is taken
    When operator "01" changes the password at "T1" to "7392"
    Then "T1" shows PASSWORD_CHANGED
    And "T1" is ready

  @SIG-017
  Scenario: A cashier cannot unlock a colleague
    Given operator "02" logs in at "T1" with a wrong password 3 times
    When operator "01" unlocks operator "02" at "T1"
    And operator "02" logs in at "T1"
    Then "T1" shows NOT_ALLOWED
    And "T1" shows OPERATOR_LOCKED

  @SIG-009 @clock
  Scenario: A till left alone logs its operator out
    When 10 minutes pass
    Then "T1" is logged out

  @SIG-009 @clock
  Scenario: Nobody sells on a till that logged its operator out
    Given 10 minutes pass
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows LOG_IN
    And no message went to the host
